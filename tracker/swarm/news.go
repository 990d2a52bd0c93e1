package swarm

import (
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/roster"
)

// Progress notes what a node says of its ingests.
func (s *Swarm) Progress(n *roster.Node, ingests []trackerapi.Ingest) {
	if len(ingests) == 0 {
		return
	}
	steps := s.steps(n, ingests, false)
	s.forest.mu.Lock()
	defer s.forest.mu.Unlock()
	s.advance(ingests, steps)
}

// Heartbeat notes what a node says of its load, and of everything that it has
// under way. It returns the digests for which the node should join again, since
// there may be a better parent.
func (s *Swarm) Heartbeat(n *roster.Node, load trackerapi.Load, ingests []trackerapi.Ingest) (rejoin []digest.Digest) {
	steps, taken := s.steps(n, ingests, true), int64(0)
	for _, i := range ingests {
		taken += max(0, i.Rate)
	}
	f := &s.forest
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ledger.Note(n.Ordinal(), load.UploadRate, taken, f.now())
	s.advance(ingests, steps)
	if f.ledger.growing(n.Ordinal()) > len(ingests) {
		s.strike(n.Ordinal(), ingests)
	}
	for _, i := range ingests {
		if t := f.trees[i.Digest]; t != nil && t.Stuck(n.Ordinal(), f.now()) {
			rejoin = append(rejoin, i.Digest)
		}
	}
	return rejoin
}

// steps translates ingests, which takes the roster's lock.
func (s *Swarm) steps(n *roster.Node, ingests []trackerapi.Ingest, late bool) []Step {
	if len(ingests) == 0 {
		return nil
	}
	zone, steps := n.Identity().Zone, make([]Step, len(ingests))
	for i, in := range ingests {
		steps[i] = Step{
			Node: n.Ordinal(), Zone: zone, Offset: in.Offset, Size: in.Size, Rate: in.Rate, Ended: in.Ended, Late: late,
		}
		if in.Offset > in.Size {
			steps[i].Size = 0 // one of them is wrong, and the offset is what was seen
		}
		if in.Parent == "" {
			continue
		}
		if parent := s.roster.ByName(in.Parent); parent != nil {
			steps[i].Parent, steps[i].HasParent = parent.Ordinal(), true
		}
	}
	return steps
}

// advance takes steps, the lock being held.
func (s *Swarm) advance(ingests []trackerapi.Ingest, steps []Step) {
	f := &s.forest
	for i, step := range steps {
		d := ingests[i].Digest
		if f.trees[d] == nil && (step.Ended || f.ledger.growing(step.Node) >= maxGrowing) {
			continue
		}
		if t := f.tree(d); t != nil {
			t.Progress(step, f.now())
			s.settle(d, t)
		}
	}
}

// strike takes a node out of all swarms that it has not listed, the lock being
// held.
func (s *Swarm) strike(node uint32, listed []trackerapi.Ingest) {
	named := map[digest.Digest]bool{}
	for _, i := range listed {
		named[i.Digest] = true
	}
	for d, t := range s.forest.trees {
		if !named[d] {
			t.Missing(node, s.forest.now())
			s.settle(d, t)
		}
	}
}

// Announced notes that a node holds digests from now on.
func (s *Swarm) Announced(n *roster.Node, digests []digest.Digest) {
	f := &s.forest
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.trees) == 0 {
		return
	}
	for _, d := range digests {
		if t := f.trees[d]; t != nil {
			t.Held(n.Ordinal())
			s.settle(d, t)
		}
	}
}

// Accused notes that a peer did not get from a node, from an offset on, what that
// has said to have: it is in no answer until it tells of its progress again.
func (s *Swarm) Accused(n *roster.Node, d digest.Digest, offset int64) {
	f := &s.forest
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.trees[d]; t != nil {
		t.Miss(n.Ordinal(), offset)
		s.settle(d, t)
	}
}

// Observe implements [roster.Observer]: who is gone is nobody's parent. One that
// drains finishes what it sends, but no one waits for what it was about to get.
func (s *Swarm) Observe(v roster.Verdict) {
	switch v.To {
	case roster.Dead, roster.Gone, roster.Purged:
		s.lose(v.Ordinal)
	case roster.Draining:
		s.forfeit(v.Ordinal)
	}
}

// Restarted notes a new run of a node, which has nothing under way.
func (s *Swarm) Restarted(n *roster.Node) { s.lose(n.Ordinal()) }

func (s *Swarm) lose(node uint32) {
	s.each(func(t *Tree) { t.Lose(node) }, func() { s.forest.ledger.Forget(node) })
}

func (s *Swarm) forfeit(node uint32) {
	s.each(func(t *Tree) { t.release(node, true) }, func() {})
}

// each does something to all trees, and then something else, before anybody is
// answered.
func (s *Swarm) each(do func(*Tree), then func()) {
	s.forest.mu.Lock()
	defer s.forest.mu.Unlock()
	for _, t := range s.forest.trees {
		do(t)
	}
	then()
	for d, t := range s.forest.trees {
		s.settle(d, t)
	}
}
