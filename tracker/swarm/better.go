package swarm

import "time"

// movePause is how long a member stays with a parent before it is worth telling
// it that there may be a better one.
// It is told no more often than that.
const movePause = 2 * time.Second

// crawling times as slow as usual is worth a move. Each costs the member, and all
// that get their bytes through it, some of the way; and two children that share
// one link are just twice as slow as one.
const crawling = 3

// Stuck says whether a member would do better elsewhere, as far as that is its
// parent's doing: it has caught up with a parent that is slow, or shares it with
// more than it was given places for, since several have turned to it when theirs
// died. Nobody could know that when it was given the place. It should join again:
// it gets another parent if one has a place free, else it keeps this one.
func (t *Tree) Stuck(node uint32, now time.Duration) bool {
	m := t.members[node]
	if m == nil || m.stage != growing || now-max(m.moved, m.told) < movePause || !t.held(m, now) {
		return false
	}
	m.told = now
	return true
}

// held: the member's parent keeps it from growing as others do.
func (t *Tree) held(m *member, now time.Duration) bool {
	p := m.parent()
	switch {
	case p == nil:
		return false
	case p.children > t.fanout(p.node, now):
		return m.rate > 0 && crawling*float64(m.rate) < t.usual
	case p.stage != growing:
		return false
	}
	ahead := p.reached(t.size, now) - m.reached(t.size, now)
	return ahead <= m.rate && t.lags(p, m.offset, crawling, now)
}
