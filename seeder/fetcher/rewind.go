package fetcher

import (
	"errors"
	"slices"
)

var errSuspect = errors.New("its bytes may be wrong")

// rewind goes back to a byte that was read, without some nodes.
func (w *flow) rewind(at int64, without map[string]bool) {
	w.better.Store(nil)
	for node := range without {
		w.ahead.expel(node)
	}
	w.body.rewind(at, without)
	w.offset.Store(at)
}

func (b *body) rewind(at int64, without map[string]bool) {
	b.want.offset = at
	if b.parent != nil && without[b.parent.Node] {
		b.parent.close()
		b.parent = nil
	}
	b.pause() // if it is another one, it is asked again
	if without[b.paused] {
		b.paused = ""
	}
	for node := range without {
		b.avoid = append(b.avoid, node)
	}
	b.queue.waiting = slices.DeleteFunc(b.queue.waiting, func(c candidate) bool { return without[c.Node] })
	b.queue.renew(b.refill)
}

// expel drops what a node has sent ahead, and lets it send nothing more.
func (a *ahead) expel(node string) {
	var its []*piece
	a.mu.Lock()
	for _, h := range a.helpers {
		h.retired = h.retired || h.Node == node
	}
	for _, p := range a.pieces {
		if p.helper.Node == node {
			its = append(its, p)
		}
	}
	a.room.Broadcast()
	a.mu.Unlock()
	for _, p := range its {
		a.drop(p, errSuspect)
	}
}
