package registry

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/drayproject/dray/seeder/fetcher"
	"github.com/drayproject/dray/seeder/transfers"
)

// abortTimeout bounds the end of a body that turned out to be wrong: its ingest
// should be gone before the client hears that there is no more.
const abortTimeout = 2 * time.Second

var errSlow = errors.New("no neighbour answered in time")

// buffers are what relays read into: large, so that a chunk costs one read and
// one write, and shared, so that only running relays hold one.
var buffers = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// relay serves a blob that neighbours have. Until its first bytes are here it
// can still become a 404; after that a failure ends the body short, and the
// client resumes elsewhere.
func (m *Mirror) relay(w http.ResponseWriter, r *http.Request, t target, tr *trace) error {
	if r.Method == http.MethodHead {
		return m.relayHead(w, r, t, tr)
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	tooSlow := time.AfterFunc(m.headerTimeout, func() { cancel(errSlow) })
	defer tooSlow.Stop()

	buf := buffers.Get().(*[256 << 10]byte)
	defer buffers.Put(buf)
	in, err := m.open(ctx, r, t, buf[:])
	if err != nil {
		return m.missed(r, t, tr, cmp.Or(context.Cause(ctx), err))
	}
	defer in.Close()
	if !tooSlow.Stop() {
		return m.missed(r, t, tr, errSlow)
	}
	out := newBody(ctx, w)
	out.limit = m.limit
	in.feed = m.ingests.Feed(t.digest, in.span.offset, in.Size())
	defer in.feed.Close()
	in.writeHeaders(out, t.digest)
	tr.began(out.begun)
	m.finish(r, t, tr, in, out, in.copyTo(out))
	return nil
}

// missed sends the client to the origin. What it will get there is expected, so
// that neighbours can have it from its first bytes on.
func (m *Mirror) missed(r *http.Request, t target, tr *trace, err error) error {
	if r.Method == http.MethodGet && r.Context().Err() == nil {
		m.ingests.Expect(t.digest)
	}
	return tr.missed(t, err)
}

// relayHead tells the size of a blob that neighbours have.
func (m *Mirror) relayHead(w http.ResponseWriter, r *http.Request, t target, tr *trace) error {
	ctx, cancel := context.WithTimeoutCause(r.Context(), m.headerTimeout, errSlow)
	defer cancel()
	size, err := m.sizeOf(ctx, r, t)
	if err != nil {
		return tr.missed(t, cmp.Or(context.Cause(ctx), err))
	}
	blobHeaders(w.Header(), t.digest)
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.WriteHeader(http.StatusOK)
	return nil
}

// finish notes how a relay went, and has the guard look after what containerd
// was given. A wrong whole is aborted before the body ends: a client that hears
// the end first would fetch the missing bytes elsewhere and keep the rest.
func (m *Mirror) finish(r *http.Request, t target, tr *trace, in *inflow, out *body, err error) {
	tr.Result, tr.Offset, tr.Bytes = transfers.Peer, in.span.offset, out.sent
	nodes := tr.from(in.Sources())
	tr.Retries = in.Retries()
	switch {
	case err == nil:
	case out.err != nil || r.Context().Err() != nil:
		tr.left(err)
	default:
		tr.Result, tr.Err = transfers.Failed, err.Error()
	}
	if errors.Is(err, fetcher.ErrCorrupt) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), abortTimeout)
		defer cancel()
		m.guard.AbortNow(ctx, t.digest)
	}
	if out.sent > 0 {
		m.guard.Watch(t.digest, nodes)
	}
}
