package swarm

import "time"

// Step is what a node says of its ingest.
type Step struct {
	Node uint32
	Zone string
	// Offset bytes of Size are there; Size is 0 while it is unknown.
	Offset, Size int64
	Rate         int64 // bytes per second
	// Parent is where it comes from. Without HasParent that is the origin, or
	// a node that nobody knows.
	Parent    uint32
	HasParent bool
	Ended     bool
	// Late: it was said in a heartbeat, and may be older than the last place.
	Late bool
}

// Progress notes how far a member is. Who was none becomes one: there are
// several trackers, and each hears of everybody.
func (t *Tree) Progress(s Step, now time.Duration) {
	if s.Size > 0 {
		t.size = s.Size
	}
	m := t.members[s.Node]
	if s.Ended {
		t.end(m, s, now)
		return
	}
	if m == nil {
		m = t.add(s.Node, s.Zone, seated)
		t.hold(m, now)
	}
	t.grow(m, s, now)
	t.follow(m, s, now)
	t.advance(m, s.Offset, now)
	t.started(m, now)
	if m.stage == seated && !s.HasParent && !s.Late {
		t.claim(m, now)
	}
}

func (t *Tree) grow(m *member, s Step, now time.Duration) {
	switch {
	case s.Offset > 0 && m.stage != growing:
		t.wake(m, s.Zone, growing)
	case s.Offset <= 0 && m.stage != seated: // it has begun anew
		t.wake(m, s.Zone, seated)
		t.hold(m, now)
	}
	if m.stage == growing {
		t.rate(m, max(0, s.Rate))
	}
}

// follow notes whom a member has chosen.
func (t *Tree) follow(m *member, s Step, now time.Duration) {
	if s.Late && m.moved > 0 && now-m.moved < holdTime {
		return
	}
	if !s.HasParent || s.Parent == m.node {
		t.place(m, nil, now)
		t.tap(m, m.stage == growing)
		return
	}
	parent := t.members[s.Parent]
	if parent == nil {
		parent = t.add(s.Parent, "", aside)
	}
	t.release(m.node, false)
	t.place(m, parent, now)
}

// end is for an ingest that is over. One that has everything is as good as a
// holder until it is announced as that; if it turns out to be wrong, it isn't
// announced, and who was sent there meets a 404.
func (t *Tree) end(m *member, s Step, now time.Duration) {
	if s.Size <= 0 || s.Offset != s.Size {
		t.Abandon(s.Node)
		return
	}
	t.release(s.Node, false)
	if m == nil {
		m = t.add(s.Node, s.Zone, finished)
	}
	t.advance(m, s.Offset, now)
	t.unplace(m)
	t.wake(m, s.Zone, finished)
	t.hold(m, now)
}

// Held notes that a node has the whole now.
func (t *Tree) Held(node uint32) {
	t.release(node, false)
	m := t.members[node]
	if m == nil || m.stage == aside {
		return
	}
	t.unplace(m)
	if t.become(m, aside); m.children == 0 {
		t.drop(m)
	}
}

// Lose notes that a node is gone.
func (t *Tree) Lose(node uint32) {
	t.disown(node)
	t.Abandon(node)
}

// Abandon notes that a node does not get it any more.
func (t *Tree) Abandon(node uint32) {
	t.release(node, true)
	if m := t.members[node]; m != nil {
		t.drop(m)
	}
}

// Miss notes that somebody did not get from a node what it should have from an
// offset on. One that has not said that it is as far has done nothing wrong. Of
// whole holders others keep that in mind.
func (t *Tree) Miss(node uint32, offset int64) {
	if m := t.members[node]; m != nil && m.partial() && offset < m.offset {
		t.Abandon(node)
	}
}

// Missing notes that a node has not listed the digest among what it has under
// way. Its list may be a little older than its latest progress.
func (t *Tree) Missing(node uint32, now time.Duration) {
	if m := t.members[node]; m != nil && m.stage == growing && now-m.seen >= holdTime {
		t.Abandon(node)
	}
}

// Expire takes back places that nobody has come to, and leases that nobody has
// used.
func (t *Tree) Expire(now time.Duration) {
	for len(t.holds) > 0 && t.holds[0].until <= now {
		m := t.members[t.holds[0].node]
		t.holds = t.holds[1:]
		switch {
		case m == nil || m.stage == growing || m.stage == aside:
		case now-m.seen >= holdTime:
			t.drop(m)
		default: // it was heard of since
			t.holds = append(t.holds, hold{m.node, m.seen + holdTime})
		}
	}
	t.lapse(now)
}
