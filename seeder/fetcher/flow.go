package fetcher

import (
	"sync/atomic"
	"time"
)

// flow is a body whose next bytes may be here already. Where its parent alone does
// not fill the link, others send pieces from farther on (ahead.go), as many as the
// pilot finds good. The reader gets all bytes in order: those of the parent as
// they come, and pieces from memory when it is their turn.
//
// It is used by one goroutine at a time, but for what says otherwise.
type flow struct {
	*body
	key   want // as it was in the beginning, for anybody
	ahead *ahead
	pilot pilot
	trial *helper         // the one that came last
	tried map[string]bool // nodes, since all were

	waited time.Duration // in all Reads
	direct meter         // what the parent has sent while it was waited for

	offset atomic.Int64              // of the next byte, for anybody
	better atomic.Pointer[candidate] // to whom to move, from anybody
	asked  atomic.Int64              // when it was last asked for one, in ns; anybody's
}

func newFlow(b *body) *flow {
	w := &flow{body: b, key: b.want, ahead: newAhead(b), pilot: pilot{most: b.f.cfg.Sources}, tried: map[string]bool{}}
	w.offset.Store(b.want.offset)
	if b.unhurried {
		w.pilot.most = 1
	}
	w.pilot.mark(time.Now(), fare{})
	b.f.flows.add(w)
	return w
}

// Read returns bytes from wherever the next ones are.
func (w *flow) Read(p []byte) (int, error) {
	if c := w.better.Swap(nil); c != nil {
		w.move(*c)
	}
	w.hurry()
	began := time.Now()
	n, err := w.read(p)
	now := time.Now()
	w.waited += now.Sub(began)
	w.offset.Store(w.want.offset)
	if now.Sub(w.pilot.began) >= stretch && err == nil {
		w.steer(now)
	}
	return n, err
}

func (w *flow) read(p []byte) (int, error) {
	n, from, stop := w.ahead.read(w.ctx, p, w.want.offset)
	if n > 0 {
		w.skip(n, from)
		return n, nil
	}
	if w.stop = stop; stop > 0 {
		p = p[:min(int64(len(p)), stop-w.want.offset)]
	}
	began := time.Now()
	n, err := w.body.Read(p)
	w.direct.add(n, time.Since(began))
	w.mark()
	return n, err
}

// mark tells the helpers where the reader is.
func (w *flow) mark() {
	l := layout{at: w.want.offset, free: w.want.offset, end: w.want.end, parent: w.direct.rate}
	node := w.paused
	if p := w.body.parent; p != nil {
		if node = p.Node; p.want.end < l.end {
			l.free = p.want.end
		}
	}
	if w.ahead.mark(l, node) {
		w.direct.changed()
	}
}

// steer lets the pilot look at the last stretch.
func (w *flow) steer(now time.Time) {
	w.direct.settle()
	helpers, arrived := w.ahead.state()
	if w.body.parent != nil && w.body.parent.Partial { // a swarm has a shape
		helpers = w.pilot.most
	}
	f := fare{arrived: arrived + w.direct.total, waited: w.waited, left: w.want.end - w.want.offset, sources: 1 + helpers}
	switch w.pilot.judge(now, f) {
	case more:
		w.widen(now)
	case fewer:
		w.narrow()
	}
}

// widen has one more peer send a part.
func (w *flow) widen(now time.Time) {
	c, ok := w.helper()
	if !ok {
		clear(w.tried)
		w.pilot.alone(now)
		return
	}
	w.tried[c.Node] = true
	w.mark()
	w.f.log.Debug("one more source", "peer", c.Node, "digest", w.want.digest, "offset", w.want.offset)
	w.f.metrics.helpers.WithLabelValues("tried").Inc()
	w.trial = w.ahead.start(c, w.want)
}

func (w *flow) narrow() {
	w.f.log.Debug("one source less", "peer", w.trial.Node, "digest", w.want.digest, "offset", w.want.offset)
	w.f.metrics.helpers.WithLabelValues("dropped").Inc()
	w.ahead.retire(w.trial)
}

// helper finds a peer that does nothing for this body yet. It stays a candidate:
// should the parent fail, it may be the next.
func (w *flow) helper() (candidate, bool) {
	busy := map[string]bool{w.paused: true}
	for _, node := range w.ahead.nodes() {
		busy[node] = true
	}
	if w.body.parent != nil {
		busy[w.body.parent.Node] = true
	}
	return w.another(func(node string) bool { return busy[node] || w.tried[node] })
}

// another finds a candidate that has all of it and is well.
func (b *body) another(but func(node string) bool) (candidate, bool) {
	for _, c := range b.queue.waiting {
		s := c.peer.standing()
		if !c.Partial && !but(c.Node) && !s.backedOff && !s.doubtful && !b.f.grudges.has(grudge{b.want.digest, c.Addr, c.Epoch}) {
			return c, true
		}
	}
	return candidate{}, false
}

func (w *flow) close() {
	w.f.flows.remove(w)
	w.body.close()
	w.ahead.close()
}

// meter measures a rate.
type meter struct {
	rate  float64 // bytes per second, up to the last settle
	total int64   // bytes in all

	bytes int64
	took  time.Duration
	fresh bool // what was before it is of another source
}

func (m *meter) add(n int, took time.Duration) {
	m.total += int64(n)
	m.bytes += int64(n)
	m.took += took
}

// settle makes a rate of what was added since the last time.
func (m *meter) settle() {
	if m.bytes == 0 || m.took <= 0 {
		return
	}
	rate := float64(m.bytes) / m.took.Seconds()
	if m.rate > 0 && !m.fresh {
		rate = (rate + m.rate) / 2
	}
	m.rate, m.bytes, m.took, m.fresh = rate, 0, 0, false
}

// changed begins anew, with another source.
func (m *meter) changed() { m.bytes, m.took, m.fresh = 0, 0, true }
