package fetcher

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// headSize is how much of a body is read with the headers: a parent has
// answered when it has sent bytes, not when it has promised some. It is no more
// than what the transport has buffered anyway.
const headSize = 4 << 10

// parent is a peer that is sending.
type parent struct {
	candidate
	want      want // as confirmed by its response
	mediaType string

	ctx    context.Context // of the request; its cause tells why it was ended
	cancel context.CancelCauseFunc
	body   io.ReadCloser
	head   []byte
}

// Read goes straight to the connection once the head is used up.
func (p *parent) Read(b []byte) (int, error) {
	if len(p.head) > 0 {
		n := copy(b, p.head)
		p.head = p.head[n:]
		return n, nil
	}
	return p.body.Read(b)
}

// close returns the connection to the pool if the body was read to its end,
// and drops it otherwise.
func (p *parent) close() {
	_ = p.body.Close()
	p.cancel(nil)
}

// open asks c for w and waits for the first bytes. The request lives as long as
// ctx; the caller bounds the wait by ending it.
func open(ctx context.Context, c candidate, w want) (*parent, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	p := &parent{candidate: c, ctx: ctx, cancel: cancel, body: http.NoBody}
	err := p.request(w)
	if err == nil {
		err = p.readHead()
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// request brings the headers, and holds them to what was asked.
func (p *parent) request(w want) error {
	u := url.URL{Scheme: "http", Host: p.Addr, Path: w.path}
	if p.Partial {
		u.Path = w.blob
	}
	req, err := http.NewRequestWithContext(p.ctx, http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		return failed("", "%w", err)
	}
	if w.ranged() {
		req.Header.Set("Range", w.header())
	}
	if w.ahead {
		req.Header.Set(AheadHeader, "1")
	}
	res, err := p.peer.via(p.Node, p.peer.transport).RoundTrip(req) //nolint:bodyclose // close does it
	if err != nil {
		return failed(kindOf(err), "%w", err)
	}
	p.body = res.Body
	p.mediaType = res.Header.Get("Content-Type")
	p.want, err = w.check(res.StatusCode, res.Header, res.ContentLength)
	return err
}

func (p *parent) readHead() error {
	size := min(p.want.end-p.want.offset, headSize)
	if size == 0 {
		return nil
	}
	head := make([]byte, size)
	n, err := io.ReadAtLeast(p.body, head, 1)
	if err != nil {
		return failed(trackerapi.KindShort, "%w", err)
	}
	p.head = head[:n]
	return nil
}

// kindOf names an error that came instead of headers.
func kindOf(err error) trackerapi.Kind {
	switch {
	case isOwnFault(err):
		return ""
	case isTimeout(err):
		return trackerapi.KindTimeout
	default:
		return trackerapi.KindRefused
	}
}

// isOwnFault finds errors that say nothing about the peer: this machine has
// run out of something.
func isOwnFault(err error) bool {
	for _, own := range []error{context.Canceled, syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}

// attempt is one request in a race.
type attempt struct {
	candidate
	started time.Time
	cancel  context.CancelFunc
	parent  *parent
	err     error
}
