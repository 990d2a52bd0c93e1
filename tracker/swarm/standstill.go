package swarm

import (
	"slices"
	"time"
)

// maxSources is how many of those who get a digest from the origin are looked at for
// one answer. More than a few are no crowd that waits for one.
const maxSources = 64

// advance notes how far a member is. If it is farther than anybody of its line has
// been, then so is the one at the head of the line, who gets it from the origin.
func (t *Tree) advance(m *member, offset int64, now time.Duration) {
	if offset > m.offset {
		t.lapses = 0
		t.ledger.got(m.node, t, offset, now)
	}
	m.offset, m.seen = offset, now
	head := m
	for p := m.parent(); p != nil; p = p.parent() {
		head = p
	}
	if head.source && offset > head.reach {
		if head.grew > 0 {
			head.step = now - head.grew
		}
		head.reach, head.grew = offset, now
		t.ledger.sent(t.registry, t, offset, now)
	}
}

// tap notes whether a member gets it from the origin.
func (t *Tree) tap(m *member, source bool) {
	if m.source == source {
		return
	}
	if m.source = source; source {
		m.reach, m.grew, m.step = 0, 0, 0
		t.sources = append(t.sources, m)
		return
	}
	t.sources = slices.DeleteFunc(t.sources, func(s *member) bool { return s == m })
}

// stuck says whether somebody who has the beginning waits in vain for more: none of
// those who get it from the origin, but for himself and those who have it from him,
// has lately grown, or is where the next byte may be had from soon.
func (t *Tree) stuck(a *Ask, now time.Duration) bool {
	me := t.members[a.Node]
	for _, s := range t.sources[:min(len(t.sources), maxSources)] {
		if (me != nil && s.descends(me)) || now-s.grew >= t.rest(s, now) {
			continue
		}
		if a.avoids(s.node) && !s.feedsOthers(me) {
			continue
		}
		soon := s.reach + int64(float64(s.rate)*t.rules.Start.Seconds())
		if _, usable := a.World.Look(s.node); usable && soon >= a.Offset {
			return false
		}
	}
	return true
}

// rest is how long a source may stand still: as long as an origin lease may take to
// begin, or as three of its steps take, since containerd writes a megabyte at a time.
// Where a lease was lost, a step may well take longer than one may take to begin.
func (t *Tree) rest(s *member, now time.Duration) time.Duration {
	step, times := s.step, t.ledger.stretch(t.registry, t, s.node, now)
	if t.passed > 0 {
		step = max(step, t.rules.Start)
	}
	return max(time.Duration(times)*t.rules.Start, min(3*step, busyTimes*t.rules.Start))
}
