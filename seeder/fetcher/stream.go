package fetcher

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"sync"

	"github.com/opencontainers/go-digest"
)

// Stream is the bytes of one request. It is used by one goroutine at a time,
// and must be closed.
//
// Give Read at least 256 KiB: it reads straight from the connection into the
// caller's memory.
type Stream struct {
	io.Reader
	size     int64
	start    int64
	end      int64
	verified bool
	body     *body
	close    func()
}

// Size is that of the whole blob, in bytes.
func (s *Stream) Size() int64 { return s.size }

// Offset is the position of the stream's first byte in the blob.
func (s *Stream) Offset() int64 { return s.start }

// Length is the number of bytes that the stream has in all.
func (s *Stream) Length() int64 { return s.end - s.start }

// Verified tells whether the stream is the whole blob: then its last bytes come
// only if the digest matches. The digest says nothing about a part.
func (s *Stream) Verified() bool { return s.verified }

// Sources are the peers that have sent something so far, each once.
func (s *Stream) Sources() []Source { return s.body.sources() }

// Retries is how often a peer had to take over from another so far.
func (s *Stream) Retries() int { return s.body.retries }

// Close ends all requests to peers. It is safe to call more than once.
func (s *Stream) Close() error {
	s.close()
	return nil
}

// stream hands the body to the caller.
func (f *Fetcher) stream(b *body) *Stream {
	s := &Stream{size: b.want.size, start: b.start, end: b.want.end, verified: b.whole(), body: b}
	w := newFlow(b)
	counted := &outcome{reader: w}
	end := w.close
	if s.verified {
		c := newChecker(w)
		counted.reader, end = c, c.close
	}
	s.Reader = counted
	s.close = sync.OnceFunc(func() {
		f.metrics.fetched(counted.result(b))
		end()
	})
	return s
}

// outcome remembers how a stream ended, for the metrics.
type outcome struct {
	reader io.Reader
	err    error
}

func (o *outcome) Read(p []byte) (int, error) {
	n, err := o.reader.Read(p)
	if err != nil {
		o.err = err
	}
	return n, err
}

func (o *outcome) result(b *body) string {
	switch {
	case errors.Is(o.err, ErrCorrupt):
		return resultCorrupt
	case b.ended():
		return resultOK
	case o.err != nil && b.ctx.Err() == nil:
		return resultBroken
	default:
		return resultClosed
	}
}

// check is a hash with the sum that it ought to have.
type check struct {
	hash.Hash
	want []byte
}

// newCheck takes a valid digest of an available algorithm.
func newCheck(d digest.Digest) check {
	want, _ := hex.DecodeString(d.Encoded())
	return check{Hash: d.Algorithm().Hash(), want: want}
}

func (c check) matches() bool { return subtle.ConstantTimeCompare(c.Sum(nil), c.want) == 1 }
