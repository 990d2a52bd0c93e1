package admincmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	root       = "/admin/v1"
	askTimeout = 20 * time.Second // for an answer to be there; a tracker gives up on one before
	maxAnswer  = 64 << 20
)

// client asks one tracker.
type client struct {
	base  *url.URL
	token string
}

func newClient(s settings) (*client, error) {
	address := s.AdminAddress
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, fmt.Errorf("admin-address %q: want host:port, or a URL with http or https", s.AdminAddress)
	}
	c := &client{base: base, token: s.AdminToken}
	if s.AdminTokenFile != "" {
		text, err := os.ReadFile(s.AdminTokenFile)
		if err != nil {
			return nil, fmt.Errorf("admin-token-file: %w", err)
		}
		c.token = strings.TrimSpace(string(text))
	}
	return c, nil
}

// do asks for what is below the root of the API; its segments are escaped. An
// answer's body has to be closed.
func (c *client) do(ctx context.Context, method, path string, query url.Values) (*http.Response, error) {
	return c.send(ctx, method, path, query, nil)
}

// send is do with a body in JSON, unless that is nil.
func (c *client) send(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Response, error) {
	u := strings.TrimSuffix(c.base.String(), "/") + root + path
	if len(query) > 0 {
		u += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, u, bytes.NewReader(body))
	if err != nil {
		return nil, Failure{Usage, err}
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, Failure{Unreachable, fmt.Errorf("no tracker answers at %s (--admin-address): %w", c.base, cause(err))}
	}
	if res.StatusCode != http.StatusOK {
		defer func() { _ = res.Body.Close() }()
		return nil, Failure{codeOf(res.StatusCode), refusalOf(res)}
	}
	return res, nil
}

// cause leaves out the request, which nobody has typed.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func refusalOf(res *http.Response) error {
	r := new(refusal)
	body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // what could be read has to do
	if json.Unmarshal(body, r) != nil || r.Title == "" {
		return fmt.Errorf("what answers is not a tracker's admin listener: %s", res.Status)
	}
	return r
}

// call asks and reads the answer.
func call[T any](ctx context.Context, c *client, method, path string, query url.Values) (answer T, err error) {
	return give[T](ctx, c, method, path, query, nil)
}

// give is call with a body.
func give[T any](ctx context.Context, c *client, method, path string, query url.Values, body any) (answer T, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return answer, Failure{Usage, err}
		}
	}
	res, err := c.send(ctx, method, path, query, text)
	if err != nil {
		return answer, err
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&answer); err != nil {
		return answer, Failure{Unreachable, fmt.Errorf("the answer is not a tracker's: %w", err)}
	}
	return answer, nil
}

// segment is a name as part of a path.
func segment(name string) string { return url.PathEscape(name) }
