package swarm

import (
	"context"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/roster"
)

// Join answers a node that is about to fetch a digest. It waits as long as the
// node wants to, and the rules allow, and ctx lasts; then it answers what there
// is.
func (s *Swarm) Join(ctx context.Context, n *roster.Node, m *trackerapi.JoinRequest) trackerapi.JoinResponse {
	w := &Waiter{Ask: s.ask(n, m), answer: make(chan Answer, 1)}
	patience := min(time.Duration(m.WaitMS)*time.Millisecond, s.forest.rules.Wait)
	ans, ok := s.try(w, m.Digest, patience > 0)
	switch {
	case !ok:
		h := s.Handout(m.Node, m.Digest, 0)
		return trackerapi.JoinResponse{Handout: h, Free: len(h) == 0}
	case ans.Empty() && patience > 0:
		ans = s.await(ctx, w, m.Digest, patience)
	}
	return s.response(ans)
}

// ask translates a request, which takes the roster's lock.
func (s *Swarm) ask(n *roster.Node, m *trackerapi.JoinRequest) Ask {
	a := Ask{
		Node: n.Ordinal(), Zone: n.Identity().Zone, Registry: strings.Clone(m.Registry),
		Offset: m.Offset, Size: m.Size, Since: s.forest.now(),
		Last:    m.Hurry || s.forest.rules.Wait <= 0,
		Patient: m.Patient && !m.Hurry,
		World:   &world{s, m.Digest, s.lookFor(m.Node)},
	}
	for _, name := range m.Avoid {
		if peer := s.roster.ByName(name); peer != nil {
			a.Avoid = append(a.Avoid, peer.Ordinal())
		}
	}
	return a
}

// world is the index and the roster as one asker sees them.
type world struct {
	swarm  *Swarm
	digest digest.Digest
	look   func(uint32) (Candidate, bool)
}

// Look implements [World].
func (w *world) Look(node uint32) (Candidate, bool) { return w.look(node) }

// Whole implements [World].
func (w *world) Whole() []Candidate {
	return Gather(w.swarm.index.Holders(w.digest, w.swarm.rand.Uint32()), w.look, usual)
}

// try asks once, and queues who has to wait and will. It is not ok when too much is
// in motion to keep another place in mind.
func (s *Swarm) try(w *Waiter, d digest.Digest, wait bool) (ans Answer, ok bool) {
	f := &s.forest
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.tree(d)
	if t == nil {
		return ans, false
	}
	if wait && f.waiting >= maxWaiting {
		w.Last = true
	}
	ans = t.Join(&w.Ask, f.now())
	if ans.Empty() && wait {
		t.Wait(w)
		f.waiting++
	}
	if t.Idle() {
		delete(f.trees, d)
	}
	return ans, true
}

// await is where a join waits. At the end it takes what there is.
func (s *Swarm) await(ctx context.Context, w *Waiter, d digest.Digest, patience time.Duration) Answer {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case ans := <-w.answer:
		return ans
	case <-timer.C:
	case <-ctx.Done():
	}
	return s.quit(w, d, ctx.Err() == nil)
}

// quit ends a wait. Who has just been answered has his answer; who is no longer
// there gets none.
func (s *Swarm) quit(w *Waiter, d digest.Digest, there bool) (ans Answer) {
	f := &s.forest
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.trees[d] // it stays while somebody waits in it
	if t == nil || !t.Quit(w) {
		return <-w.answer
	}
	f.waiting--
	if w.Last = true; there {
		ans = t.Join(&w.Ask, f.now())
	}
	s.settle(d, t)
	return ans
}

// response names the nodes of an answer. One that has gone meanwhile is left out.
func (s *Swarm) response(ans Answer) trackerapi.JoinResponse {
	r := trackerapi.JoinResponse{Handout: trackerapi.Handout{}, Lease: ans.Lease, Free: ans.Free, Busy: ans.Busy}
	if r.Lease {
		r.StartMS = s.forest.rules.Start.Milliseconds()
	}
	for _, p := range ans.Parents {
		if id := s.roster.At(p.Node).Identity(); id != nil {
			h := holder(id)
			h.Partial, h.Depth = p.Partial, p.Depth
			r.Handout = append(r.Handout, h)
		}
	}
	return r
}
