package swarm

import (
	"slices"
	"time"
)

const (
	looks      = 256 // partial holders that are looked at for one answer
	candidates = 16  // that are enough to choose from
)

// partialPlaces adds those who are on their way themselves: the asker's parent,
// then those of his zone, then others.
func (t *Tree) partialPlaces(a *Ask, all []place, now time.Duration) []place {
	me := t.members[a.Node]
	v := sight{t: t, a: a, me: me, now: now, all: all, left: looks, stuck: a.Offset > 0 && t.stuck(a, now)}
	if me != nil {
		v.see(me.parent())
	}
	home := t.byName[a.Zone]
	if home != nil {
		v.walk(&home.shelf)
	}
	for _, z := range t.zones {
		if z != home {
			v.walk(&z.shelf)
		}
	}
	return v.all
}

// sight is one asker's look at those who are on their way.
type sight struct {
	t    *Tree
	a    *Ask
	me   *member
	now  time.Duration
	all  []place
	seen []*member
	good int
	left int
	// stuck: the asker waits in vain for more. Then only what was said counts.
	stuck bool
}

func (v *sight) walk(s *shelf) {
	v.along(s.newest, v.left)
	if v.good == 0 && v.a.Offset > 0 { // those who are far enough came early
		v.along(s.oldest, looks)
	}
}

func (v *sight) along(walk func(func(*member) bool), most int) {
	walk(func(m *member) bool {
		if most == 0 || v.good >= candidates {
			return false
		}
		most--
		v.see(m)
		return true
	})
	v.left = min(v.left, most)
}

// see takes a member among the places, if it can be the asker's parent.
func (v *sight) see(m *member) {
	if m == nil || !m.partial() || v.a.avoids(m.node) || slices.Contains(v.seen, m) {
		return
	}
	if !v.ahead(m) || (v.me != nil && v.me.children > 0 && m.descends(v.me)) {
		return
	}
	c, usable := v.a.World.Look(m.node)
	if !usable || slices.ContainsFunc(v.all, func(p place) bool { return p.whole && p.Ordinal == m.node }) {
		return
	}
	p := v.t.judge(place{Candidate: c, member: m, at: m.offset}, v.a, m.children, v.now)
	v.all, v.seen = append(v.all, p), append(v.seen, m)
	if !p.deep {
		v.good++
	}
}

// ahead says whether the member has what the asker needs, or is about to. His own
// parent is, unless it gets nothing itself: he knows more of it than was said here.
func (v *sight) ahead(m *member) bool {
	switch {
	case v.stuck && m.stage != finished:
		return m.offset > v.a.Offset
	case v.me != nil && v.me.parent() == m && v.me.stage == growing && v.a.Offset > 0:
		return true
	}
	return m.reached(v.t.size, v.now) > v.a.Offset
}
