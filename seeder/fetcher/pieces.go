package fetcher

import (
	"context"
	"slices"
	"time"
)

// part is the request for a piece.
func (a *ahead) part(s span) want {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.want
	w.offset, w.end, w.ahead = s.from, s.to, true
	return w
}

// take gives a helper its next piece, when there is room for one; nil: it is not
// needed any more.
func (a *ahead) take(h *helper) *piece {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.held >= a.window && a.needs(h) {
		a.room.Wait()
	}
	if !a.needs(h) {
		return nil
	}
	l := a.layout
	for _, p := range a.pieces {
		l.taken = append(l.taken, p.span)
	}
	s, ok := l.place(h.rate)
	if !ok {
		return nil
	}
	data := a.f.buffers.get()
	if data == nil {
		return nil
	}
	return a.insert(h, s, data)
}

func (a *ahead) needs(h *helper) bool {
	return a.ctx.Err() == nil && !h.retired && a.parent != h.Node
}

func (a *ahead) insert(h *helper, s span, data []byte) *piece {
	p := &piece{span: s, helper: h, began: time.Now(), data: data, moved: make(chan struct{}, 1)}
	p.ctx, p.cancel = context.WithCancelCause(a.ctx)
	at, _ := slices.BinarySearchFunc(a.pieces, s.from, func(p *piece, from int64) int { return int(p.from - from) })
	a.pieces = slices.Insert(a.pieces, at, p)
	a.held++
	return p
}

// add notes bytes of a piece that have come.
func (a *ahead) add(p *piece, n int) {
	p.add(n)
	a.f.metrics.bytes.Add(float64(n))
	a.f.metrics.ahead.Add(float64(n))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.arrived += int64(n)
}

// finish is when nothing more is written to a piece.
func (a *ahead) finish(p *piece) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p.over = true
	p.tell()
	a.free(p)
}

// drop is when nothing more is read from it.
func (a *ahead) drop(p *piece, why error) {
	p.cancel(why)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pieces = slices.DeleteFunc(a.pieces, func(other *piece) bool { return other == p })
	p.dropped = true
	a.free(p)
}

func (a *ahead) free(p *piece) {
	if p.over && p.dropped {
		a.f.buffers.put(p.data)
		a.held--
		a.room.Broadcast()
	}
}

// read copies bytes that are here already. Where there are none, stop is where
// the next ones begin; 0: nowhere.
func (a *ahead) read(ctx context.Context, to []byte, at int64) (n int, from candidate, stop int64) {
	for {
		p := a.first()
		switch {
		case p == nil:
			return 0, from, 0
		case at < p.from:
			return 0, from, p.from
		case at < p.to:
			if n := p.copy(to, at); n > 0 {
				return n, p.helper.candidate, 0
			}
		}
		switch {
		case at >= p.to:
			a.drop(p, nil)
		case a.isOver(p) || !p.await(ctx):
			a.drop(p, a.reason(p))
		}
	}
}

// reason is why the reader goes on without the rest of a piece.
func (a *ahead) reason(p *piece) error {
	if p.silent() >= a.f.cfg.SilentAfter {
		return errStalled
	}
	return errLate
}

func (a *ahead) first() *piece {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.pieces) == 0 {
		return nil
	}
	return a.pieces[0]
}

// isOver says that what is missing will not come.
func (a *ahead) isOver(p *piece) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return p.over && !p.complete()
}
