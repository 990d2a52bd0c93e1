package swarm

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// place is one that the asker could have.
type place struct {
	Candidate
	member *member // nil for a whole holder that nobody gets this from
	whole  bool
	kept   bool // it is the asker's already
	full   bool
	slow   bool // the asker would soon have caught up
	deep   bool
	load   int // blobs that it is sending or has promised
	at     int64
}

// standing is how well it is, 0 the best.
func (p *place) standing() int { return p.class() / 2 }

func (p *place) zone() string {
	if p.Node == nil {
		return ""
	}
	return p.Node.Zone
}

func (p *place) parent() Parent {
	if p.whole {
		return Parent{Node: p.Ordinal}
	}
	return Parent{Node: p.Ordinal, Partial: true, Depth: p.member.passes()}
}

// compare puts the better place first: those who are well, and not slow; the
// asker's own; with a place free; near; not at the end of a long line; the least
// loaded; whole, else the nearest ahead; the stable. Where no place is free, the
// nearest ahead comes even before those who are whole: the fewest get their bytes
// through it, and would feel it.
func compare(a, b place) int {
	return cmp.Or(
		cmp.Compare(a.standing(), b.standing()),
		ordered(a.slow, b.slow),
		ordered(b.kept, a.kept),
		ordered(a.full, b.full),
		ordered(b.Near, a.Near),
		ordered(a.deep, b.deep),
		cmp.Compare(a.load, b.load),
		ordered(b.whole && !b.full, a.whole && !a.full),
		cmp.Compare(a.at, b.at),
		cmp.Compare(b.steps(), a.steps()),
	)
}

// ordered has false before true.
func ordered(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// places lists what there is for the asker, the best first. Nothing in it has
// less than he needs, gets its bytes from him, or is one that he avoids.
func (t *Tree) places(a *Ask, now time.Duration) []place {
	var all []place
	for _, c := range a.World.Whole() {
		if !a.avoids(c.Ordinal) {
			all = append(all, t.wholePlace(a, c, now))
		}
	}
	all = t.partialPlaces(a, all, now)
	slices.SortStableFunc(all, compare)
	return all
}

func (t *Tree) wholePlace(a *Ask, c Candidate, now time.Duration) place {
	m := t.members[c.Ordinal]
	p := place{Candidate: c, member: m, whole: true, at: math.MaxInt64}
	children := 0
	if m != nil {
		children = m.children
	}
	return t.judge(p, a, children, now)
}

// judge fills in what a place is worth to the asker.
func (t *Tree) judge(p place, a *Ask, children int, now time.Duration) place {
	me := t.members[a.Node]
	p.load = max(p.Uploads, t.ledger.places(p.Ordinal))
	p.kept = p.member != nil && me != nil && me.parent() == p.member
	p.full = children >= t.fanout(p.Ordinal, now)
	p.slow = p.kept && t.held(me, now)
	if m := p.member; m != nil && !p.whole {
		p.deep = m.depth >= line
		p.slow = p.slow || t.lags(m, a.Offset, hasty, now)
	}
	return p
}

// lags: at the usual pace, whoever is at that offset would be done before a
// parent that takes so many times as long.
func (t *Tree) lags(m *member, offset int64, times float64, now time.Duration) bool {
	if t.usual == 0 || m.rate == 0 || t.size == 0 {
		return false
	}
	hers := float64(t.size-m.reached(t.size, now)) / float64(m.rate)
	return hers > times*float64(t.size-offset)/t.usual
}
