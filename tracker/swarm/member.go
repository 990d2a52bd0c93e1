package swarm

import "time"

// stage is how far a member of a swarm is.
type stage uint8

const (
	// seated: it has a place, and no byte yet as far as we know.
	seated stage = iota
	// growing: it is a partial holder.
	growing
	// finished: it has said that it has everything, and will be a holder as
	// soon as it announces that.
	finished
	// aside: it is no partial holder, but somebody's parent: a whole holder,
	// or one that was not heard of yet.
	aside
)

// member is a node in a tree.
type member struct {
	node     uint32
	zone     *zone
	stage    stage
	gone     bool    // no longer in the tree; its children may still point here
	above    *member // parent, or nil: the origin, or unknown; see parent
	children int
	depth    int           // then; those above may have moved since
	moved    time.Duration // when it was placed
	told     time.Duration // when it was told that it is stuck

	offset, rate int64
	seen         time.Duration // when that was so

	// source: it gets it from the origin. Then reach is the farthest that anybody of
	// its line has been, grew is since when, and step how long that had taken.
	source     bool
	reach      int64
	grew, step time.Duration

	row        *row
	prev, next *member
}

// parent is nil also when the parent is gone.
func (m *member) parent() *member {
	if m.above != nil && m.above.gone {
		m.above = nil
	}
	return m.above
}

// partial: bytes can be had from it before it is whole.
func (m *member) partial() bool { return m.stage == growing || m.stage == finished }

// reached is where the member should be by now. What it said may be a heartbeat
// old.
func (m *member) reached(size int64, now time.Duration) int64 {
	if m.stage == finished {
		return max(size, m.offset)
	}
	at := m.offset + int64(float64(m.rate)*min(now-m.seen, maxAge).Seconds())
	if size > 0 {
		at = min(at, size)
	}
	return max(at, m.offset)
}

// descends says whether the member's bytes come through another.
func (m *member) descends(from *member) bool {
	for p := m; p != nil; p = p.parent() {
		if p == from {
			return true
		}
	}
	return false
}

// feedsOthers: it has children besides that one.
func (m *member) feedsOthers(child *member) bool {
	if child != nil && child.parent() == m {
		return m.children > 1
	}
	return m.children > 0
}

// passes is how many partial holders the bytes pass on their way to it.
func (m *member) passes() (n int) {
	for p := m.parent(); p != nil; p = p.parent() {
		if p.stage != aside {
			n++
		}
	}
	return n
}
