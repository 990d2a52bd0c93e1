package registry

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

const (
	// growWait is how long a neighbour waits for the first byte that it wants
	// of growing content. It has other parents to ask.
	growWait = 300 * time.Millisecond
	// standstill is how long growing content may stand still under a
	// neighbour that has begun to read it.
	standstill = 10 * time.Second
)

var (
	errNotYet     = errors.New("that much of it is not here yet")
	errStandstill = errors.New("the content does not grow any more")
)

// Arriving is what is on its way into this node's store.
type Arriving interface {
	// Open returns [store.ErrNotFound] for what is not on its way, or not
	// worth sharing. The caller closes what it gets.
	Open(context.Context, digest.Digest) (*store.Growing, error)
}

// growing serves content whose end this node does not have yet, under a promise
// of its whole length. What keeps it from keeping the promise ends the body
// short. The bytes are unverified: the neighbour holds the whole to the digest.
func (p *Peer) growing(w http.ResponseWriter, r *http.Request, t target, g *store.Growing) error {
	size := g.Size()
	if size == 0 {
		return t.unknown("it is on its way, and its size is unknown")
	}
	rg, ranged := requestedRange(r, etag(t.digest))
	s, ok := rg.within(size)
	if !ok {
		return unsatisfiable(size)
	}
	if _, err := grown(r.Context(), g, s.offset, growWait, errNotYet); err != nil {
		return t.unknown(err.Error())
	}
	out, done, err := p.upload(w, r)
	if err != nil {
		return err
	}
	defer done()
	s.writeHeaders(w, t.digest, size, ranged)
	if r.Method == http.MethodHead {
		return nil
	}
	if err := sendGrowing(out, g, s); err != nil {
		p.log.Debug("growing content ends short", "digest", t.digest, "peer", r.RemoteAddr, "sent", out.sent, "error", err)
	}
	return nil
}

// sendGrowing sends what is there, waits for more, and so on.
func sendGrowing(out *body, g *store.Growing, s span) error {
	for at, end := s.offset, s.offset+s.length; at < end; {
		there, err := grown(out.ctx, g, at, standstill, errStandstill)
		if err != nil {
			return err
		}
		piece, err := g.Reader(at, min(there, end)-at)
		if errors.Is(err, store.ErrBehind) {
			continue
		}
		if err != nil {
			return err
		}
		n, err := out.ReadFrom(piece)
		if err == nil && n == 0 {
			err = store.ErrTruncated // less is there than there was
		}
		if err != nil {
			return err
		}
		at += n
		_ = out.ctl.Flush() // before the next wait
	}
	return nil
}

// grown waits for more than beyond bytes; late is the error when they do not
// come in time.
func grown(ctx context.Context, g *store.Growing, beyond int64, patience time.Duration, late error) (int64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, late)
	defer cancel()
	return g.Wait(ctx, beyond)
}

// writeHeaders begins an answer with a span of content that is not here yet.
func (s span) writeHeaders(w http.ResponseWriter, d digest.Digest, size int64, ranged bool) {
	h := w.Header()
	blobHeaders(h, d)
	h.Set("Content-Length", strconv.FormatInt(s.length, 10))
	if !ranged || s.length == 0 {
		w.WriteHeader(http.StatusOK)
		return
	}
	h.Set("Content-Range", s.contentRange(size))
	w.WriteHeader(http.StatusPartialContent)
}
