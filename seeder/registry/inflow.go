package registry

import (
	"context"
	"io"
	"net/http"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/fetcher"
	"github.com/drayproject/dray/seeder/store"
)

// inflow is a stream from neighbours whose first bytes are here.
type inflow struct {
	Stream
	span   span // of the blob, to be sent
	ranged bool // a range was asked for, even if it is the whole
	buf    []byte
	n      int // bytes that are in buf
	feed   *store.Feed
}

// open opens what the request asks for and waits for its first bytes.
func (m *Mirror) open(ctx context.Context, r *http.Request, t target, buf []byte) (*inflow, error) {
	rg, ranged := requestedRange(r, etag(t.digest))
	if rg.first == missing { // the last bytes: where do they begin?
		size, err := m.sizeOf(ctx, r, t)
		if err != nil {
			return nil, err
		}
		s, ok := rg.within(size)
		if !ok {
			return nil, unsatisfiable(size)
		}
		rg = byteRange{s.offset, size - 1}
	}
	s, err := m.fetcher.Fetch(ctx, m.request(r, t, rg))
	if err != nil {
		return nil, err
	}
	in := &inflow{Stream: s, ranged: ranged, buf: buf}
	if err := in.begin(rg); err != nil {
		s.Close()
		return nil, err
	}
	return in, nil
}

// request asks neighbours for a range. A HEAD is a look: it must not take the
// place of someone who fetches, nor the origin lease.
func (m *Mirror) request(r *http.Request, t target, rg byteRange) fetcher.Request {
	f := fetcher.Request{
		Repository: t.repository, Registry: t.registry,
		Digest: t.digest, Size: m.sizes.of(t.digest),
		Offset: rg.first, Length: fetcher.ToEnd,
		Look: r.Method == http.MethodHead,
	}
	if rg.last != missing {
		f.Length = rg.last - rg.first + 1
	}
	return f
}

// sizeOf asks for one byte, since that tells the size of the whole.
func (m *Mirror) sizeOf(ctx context.Context, r *http.Request, t target) (int64, error) {
	ask := m.request(r, t, byteRange{0, 0})
	ask.Look = true
	s, err := m.fetcher.Fetch(ctx, ask)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	return s.Size(), nil
}

func (in *inflow) begin(rg byteRange) (err error) {
	var ok bool
	if in.span, ok = rg.within(in.Size()); !ok {
		return unsatisfiable(in.Size())
	}
	if in.span.length > 0 {
		in.n, err = io.ReadAtLeast(in.Stream, in.buf, 1)
	}
	return err
}

func (in *inflow) writeHeaders(w http.ResponseWriter, d digest.Digest) {
	in.span.writeHeaders(w, d, in.Size(), in.ranged)
}

// copyTo sends the span; neighbours can have each piece at the same time. The error is the stream's or the writer's, whichever
// stopped first; a stream that ends early is an error too.
func (in *inflow) copyTo(w io.Writer) error {
	left := in.span.length
	for n := in.n; ; {
		n = int(min(int64(n), left))
		in.feed.Write(in.buf[:n])
		if _, err := w.Write(in.buf[:n]); err != nil {
			return err
		}
		if left -= int64(n); left == 0 {
			return nil
		}
		var err error
		if n, err = io.ReadAtLeast(in.Stream, in.buf, 1); err == io.EOF {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
	}
}
