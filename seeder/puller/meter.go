package puller

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

var errStalled = errors.New("the sender has stopped sending")

// meter counts the bytes that came for one blob. It travels in the context of
// the requests made for that blob, through redirects too.
type meter struct {
	mirror, origin atomic.Int64 // bytes
	answers        atomic.Int64 // that promised any
}

// reset forgets the bytes.
func (m *meter) reset() {
	m.mirror.Store(0)
	m.origin.Store(0)
}

type meterKey struct{}

func withMeter(ctx context.Context, m *meter) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

// metered counts the bytes of good answers in the meter of their request, and
// cuts the ones that stop for longer than stall.
type metered struct {
	next  http.RoundTripper
	count func(*meter) *atomic.Int64
	stall time.Duration
}

func (t *metered) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	res, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	b := &body{ReadCloser: res.Body, ctx: ctx, cancel: cancel, stall: t.stall, count: new(atomic.Int64)}
	b.pace, _ = ctx.Value(paceKey{}).(pace)
	if m, ok := ctx.Value(meterKey{}).(*meter); ok && res.StatusCode < 300 {
		m.answers.Add(1)
		b.count = t.count(m)
	}
	b.watchdog = time.AfterFunc(t.stall, func() { cancel(errStalled) })
	b.watchdog.Stop()
	res.Body = b
	return res, nil
}

type body struct {
	io.ReadCloser
	ctx      context.Context // the request's
	cancel   context.CancelCauseFunc
	count    *atomic.Int64
	stall    time.Duration
	watchdog *time.Timer // runs while a Read waits for the sender, never while the reader is busy
	pace     pace        // may be nil
}

// maxPaced bounds the bytes between two looks at the pace, so that it is even.
const maxPaced = 32 << 10

type pace func(ctx context.Context, bytes int) error

type paceKey struct{}

func withPace(ctx context.Context, p pace) context.Context {
	if p == nil {
		return ctx
	}
	return context.WithValue(ctx, paceKey{}, p)
}

func (b *body) Read(p []byte) (int, error) {
	if b.pace != nil {
		p = p[:min(len(p), maxPaced)]
	}
	b.watchdog.Reset(b.stall)
	n, err := b.ReadCloser.Read(p)
	b.watchdog.Stop()
	b.count.Add(int64(n))
	if b.pace != nil && n > 0 {
		if stop := b.pace(b.ctx, n); stop != nil {
			err = stop
		}
	}
	if err != nil && errors.Is(context.Cause(b.ctx), errStalled) {
		err = errStalled
	}
	return n, err
}

func (b *body) Close() error {
	b.watchdog.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
