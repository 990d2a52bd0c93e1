package registry

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

const (
	// patience is how long a client may take for one piece before it is
	// cut off.
	patience = time.Minute
	// maxPiece is small enough that a client of a few dozen KB/s is not
	// taken for a dead one, and large enough that sendfile(2) has work.
	maxPiece = 1 << 20
	minPiece = 16 << 10
)

// body sends content in pieces. Before each it moves the connection's write
// deadline and, where there is a limit, waits for its turn. It stays out of
// the kernel's way: a file is passed on as a file.
type body struct {
	http.ResponseWriter
	ctx   context.Context
	ctl   *http.ResponseController
	limit *rate.Limiter // nil: as fast as the client takes it
	count counter       // of bytes; may be nil

	begun time.Time // when the headers were written; zero before that
	moved time.Time // when it was the first piece's turn; zero before that
	sent  int64     // bytes
	err   error     // the first; nothing is sent after it
}

// counter is a [prometheus.Counter], or what stands before one.
type counter interface{ Add(float64) }

func newBody(ctx context.Context, w http.ResponseWriter) *body {
	return &body{ResponseWriter: w, ctx: ctx, ctl: http.NewResponseController(w)}
}

// WriteHeader notes when the answer began.
func (b *body) WriteHeader(status int) {
	b.begun = time.Now()
	b.ResponseWriter.WriteHeader(status)
}

// Write sends p in pieces: more than one never has its turn where there is a
// limit.
func (b *body) Write(p []byte) (total int, err error) {
	for first := true; first || total < len(p); first = false {
		want := min(len(p)-total, int(b.piece()))
		if err := b.await(want); err != nil {
			return total, err
		}
		n, err := b.ResponseWriter.Write(p[total : total+want])
		total += n
		if b.note(int64(n), err) != nil {
			return total, err
		}
	}
	return total, nil
}

// ReadFrom is what [http.ServeContent] ends up calling, with a limited file.
// That limit is taken off and each piece gets its own: net recognises a file
// under one limit, not under two.
func (b *body) ReadFrom(src io.Reader) (total int64, err error) {
	left := int64(math.MaxInt64)
	if l, ok := src.(*io.LimitedReader); ok {
		src, left = l.R, l.N
		defer func() { l.N -= total }()
	}
	for total < left {
		want := min(left-total, b.piece())
		if err := b.await(int(want)); err != nil {
			return total, err
		}
		n, err := io.CopyN(b.ResponseWriter, src, want)
		total += n
		if errors.Is(err, io.EOF) { // the source has ended
			return total, b.note(n, nil)
		}
		if b.note(n, err) != nil {
			return total, err
		}
	}
	return total, nil
}

// await moves the deadline, once it is this body's turn to send n bytes.
func (b *body) await(n int) error {
	if b.err == nil && b.limit != nil {
		b.err = b.limit.WaitN(b.ctx, n)
	}
	if b.err == nil {
		if b.moved.IsZero() {
			b.moved = time.Now()
		}
		_ = b.ctl.SetWriteDeadline(time.Now().Add(patience)) // not every writer has one
	}
	return b.err
}

func (b *body) note(n int64, err error) error {
	b.sent += n
	b.err = err
	if b.count != nil {
		b.count.Add(float64(n))
	}
	return err
}

func (b *body) piece() int64 {
	if b.limit != nil {
		return int64(b.limit.Burst())
	}
	return maxPiece
}

// newLimit shares bytesPerSecond among all bodies that use it; nil when it is 0.
// They take turns, so a piece is what one millisecond allows: with larger ones
// a reader would take the time until its next turn for a stall.
func newLimit(bytesPerSecond int64) *rate.Limiter {
	if bytesPerSecond <= 0 {
		return nil
	}
	piece := min(max(bytesPerSecond/1000, minPiece), maxPiece)
	return rate.NewLimiter(rate.Limit(bytesPerSecond), int(piece))
}
