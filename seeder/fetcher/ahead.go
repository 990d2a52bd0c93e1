package fetcher

import (
	"context"
	"slices"
	"sync"
)

// ahead is what helpers bring before the reader is there. Everything in it is a
// favour: what is missing or late when the reader comes is left to the parent, as
// if nobody had been asked.
type ahead struct {
	f      *Fetcher
	want   want // of the body, when the first helper came
	window int  // pieces at a time

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	room    sync.Cond // for another piece, or an end to the wait for it
	layout  layout    // taken is not filled in
	parent  string    // the node that is it
	pieces  []*piece  // that were not read, in order
	held    int       // buffers
	helpers []*helper
	arrived int64 // bytes
}

func newAhead(b *body) *ahead {
	a := &ahead{f: b.f, window: int(b.f.cfg.Window / pieceSize)}
	a.room.L = &a.mu
	a.ctx, a.cancel = context.WithCancel(b.ctx)
	return a
}

// start sets a helper to work.
func (a *ahead) start(c candidate, w want) *helper {
	h := &helper{candidate: c, ahead: a}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.want = w
	a.helpers = append(a.helpers, h)
	a.wg.Go(func() {
		h.run()
		a.mu.Lock()
		defer a.mu.Unlock()
		a.helpers = slices.DeleteFunc(a.helpers, func(other *helper) bool { return other == h })
	})
	return h
}

// mark says where the reader is, and what the parent does; it tells whether that is
// another one.
func (a *ahead) mark(l layout, parent string) (another bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	another = a.parent != "" && a.parent != parent
	a.layout, a.parent = l, parent
	return another
}

// state tells how many helpers there are, and what all of them have sent so far.
func (a *ahead) state() (helpers int, arrived int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.helpers), a.arrived
}

// retire lets a helper finish its piece, and no other.
func (a *ahead) retire(h *helper) {
	a.mu.Lock()
	defer a.mu.Unlock()
	h.retired = true
	a.room.Broadcast()
}

// nodes names the helpers.
func (a *ahead) nodes() (all []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, h := range a.helpers {
		all = append(all, h.Node)
	}
	return all
}

// close ends everything, and returns when it has.
func (a *ahead) close() {
	a.cancel()
	a.mu.Lock()
	a.room.Broadcast()
	a.mu.Unlock()
	a.wg.Wait()
	for p := a.first(); p != nil; p = a.first() {
		a.drop(p, nil)
	}
}
