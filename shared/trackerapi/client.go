package trackerapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Client speaks to one tracker. It is safe for concurrent use.
//
// Its methods return an [*Error] when the tracker refused, and any other error
// when no proper answer came back. They set no deadline: the caller's context
// must have one.
type Client struct {
	base string
	http *http.Client
}

// NewClient makes a client for the tracker at base, e.g. "http://10.0.0.1:7070".
// A base without a scheme is taken as plain HTTP.
func NewClient(base string, hc *http.Client) *Client {
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	return &Client{base: strings.TrimRight(base, "/"), http: hc}
}

// Register opens a session.
func (c *Client) Register(ctx context.Context, m RegisterRequest) (RegisterResponse, error) {
	return call[RegisterResponse](ctx, c, "register", m)
}

// Announce tells what the node holds.
func (c *Client) Announce(ctx context.Context, m AnnounceRequest) (AnnounceResponse, error) {
	return call[AnnounceResponse](ctx, c, "announce", m)
}

// Heartbeat gives a sign of life.
func (c *Client) Heartbeat(ctx context.Context, m HeartbeatRequest) (HeartbeatResponse, error) {
	return call[HeartbeatResponse](ctx, c, "heartbeat", m)
}

// Lookup asks who holds some digests. The response has exactly as many
// handouts as the request has digests.
func (c *Client) Lookup(ctx context.Context, m LookupRequest) (LookupResponse, error) {
	r, err := call[LookupResponse](ctx, c, "lookup", m)
	if err == nil && len(r.Handouts) != len(m.Digests) {
		return r, fmt.Errorf("lookup: %d handouts for %d digests", len(r.Handouts), len(m.Digests))
	}
	return r, err
}

// Resolve asks which digests some image names have. The response has exactly
// as many images as the request has names.
func (c *Client) Resolve(ctx context.Context, m ResolveRequest) (ResolveResponse, error) {
	r, err := call[ResolveResponse](ctx, c, "resolve", m)
	if err == nil && len(r.Images) != len(m.Names) {
		return r, fmt.Errorf("resolve: %d images for %d names", len(r.Images), len(m.Names))
	}
	return r, err
}

// Join asks where to fetch a digest from, and takes a place there. The answer may
// take WaitMS longer than others do.
func (c *Client) Join(ctx context.Context, m JoinRequest) (JoinResponse, error) {
	return call[JoinResponse](ctx, c, "join", m)
}

// Progress tells how ingests go.
func (c *Client) Progress(ctx context.Context, m ProgressRequest) (ProgressResponse, error) {
	return call[ProgressResponse](ctx, c, "progress", m)
}

// Report tells what went wrong with peers.
func (c *Client) Report(ctx context.Context, m ReportRequest) (ReportResponse, error) {
	return call[ReportResponse](ctx, c, "report", m)
}

// Work tells what the node does for the trackers, and asks what is to be done.
func (c *Client) Work(ctx context.Context, m WorkRequest) (WorkResponse, error) {
	return call[WorkResponse](ctx, c, "work", m)
}

// Leave says goodbye.
func (c *Client) Leave(ctx context.Context, m LeaveRequest) (LeaveResponse, error) {
	return call[LeaveResponse](ctx, c, "leave", m)
}

func call[Resp any](ctx context.Context, c *Client, verb string, msg any) (resp Resp, err error) {
	body, err := json.Marshal(msg)
	if err != nil {
		return resp, fmt.Errorf("%s: %w", verb, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v1/"+verb, bytes.NewReader(body))
	if err != nil {
		return resp, fmt.Errorf("%s: %w", verb, err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		return resp, fmt.Errorf("%s: %w", verb, err)
	}
	defer res.Body.Close()
	answer, err := readBounded(res.Body)
	if err != nil {
		return resp, fmt.Errorf("%s: %w", verb, err)
	}
	if res.StatusCode != http.StatusOK {
		return resp, fmt.Errorf("%s: %w", verb, refusal(res.StatusCode, answer))
	}
	if err := json.Unmarshal(answer, &resp); err != nil {
		return resp, fmt.Errorf("%s: bad answer: %w", verb, err)
	}
	return resp, nil
}

func readBounded(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	if err == nil && len(b) > MaxBody {
		err = fmt.Errorf("the answer is larger than %d bytes", MaxBody)
	}
	return b, err
}

// refusal is the tracker's own error where there is one; something else that
// listens on its port may answer anything.
func refusal(status int, body []byte) error {
	e := new(Error)
	if json.Unmarshal(body, e) != nil || e.Code == "" {
		return fmt.Errorf("status %d", status)
	}
	return e
}
