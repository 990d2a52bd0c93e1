package swarm

import (
	"slices"
	"time"
)

// World is what a tree asks about nodes, from the point of view of one asker.
type World interface {
	// Look says what is known of a node, and whether it may be handed out.
	Look(node uint32) (Candidate, bool)
	// Whole gathers some that hold the whole blob and may be handed out, the
	// asker not among them.
	Whole() []Candidate
}

// Ask is the question of somebody who joins.
type Ask struct {
	Node   uint32
	Zone   string
	Offset int64 // first byte that is needed
	Size   int64 // of the whole; 0 if the asker does not know
	Avoid  []uint32
	Since  time.Duration // when he first asked
	// Last: he will not wait, or has waited for as long as he would.
	Last bool
	// Patient: he would wait once more, if he is told that it is worth it.
	Patient bool
	// Registry is the origin, as far as it is known.
	Registry string
	World    World

	lost bool // he is gone, and nothing is kept for him
}

func (a *Ask) avoids(node uint32) bool { return node == a.Node || slices.Contains(a.Avoid, node) }

// Answer is what becomes of the question. The zero Answer is to wait.
type Answer struct {
	Parents []Parent // the best first; the place with it is the asker's
	Lease   bool     // get it from the origin: the others wait for it
	Free    bool     // do what you like
	Busy    bool     // those who have it have no place, or the origin is busy: ask again
}

// Empty says that there is nothing but to wait.
func (a *Answer) Empty() bool { return len(a.Parents) == 0 && !a.Lease && !a.Free && !a.Busy }

// Parent is one that a digest can be had from.
type Parent struct {
	Node    uint32
	Partial bool
	Depth   int // partial holders that the bytes pass on their way to it
}

// Join finds a parent for the asker, and gives him the place.
//
// Somebody in the middle of a body, his parent gone, is not made to wait for a
// place: any will do. Others wait for one among those who are well, and for a
// while for one in their own zone as soon as anybody there is on his way, so that
// a blob crosses into a zone once.
func (t *Tree) Join(a *Ask, now time.Duration) Answer {
	if a.lost {
		return Answer{Free: true}
	}
	t.learn(a)
	if m := t.members[a.Node]; m != nil && m.stage == growing {
		t.advance(m, a.Offset, now)
	}
	places := t.places(a, now)
	if len(places) == 0 && a.Offset == 0 {
		t.barren = now
	}
	if len(places) == 0 || t.ownOrigin(a, places) {
		return t.origin(a, now)
	}
	chosen := slices.IndexFunc(places, func(p place) bool { return t.mayTake(a, p, places, now) })
	if chosen < 0 { // but he may have had one
		chosen = slices.IndexFunc(places, func(p place) bool { return p.kept })
	}
	if chosen < 0 && a.Offset == 0 && (!a.Last || (a.Patient && t.fresh(now))) {
		return Answer{Busy: a.Last}
	}
	chosen = max(chosen, 0)
	sibling := t.seat(a, places[chosen], now)
	return answerOf(places, chosen, sibling)
}

// learn notes what the asker knows of the blob.
func (t *Tree) learn(a *Ask) {
	if t.size == 0 {
		t.size = a.Size
	}
	if a.Registry != "" {
		t.registry = a.Registry
	}
}

// ownOrigin: with a lease for each zone, the first of a zone does not get it from
// the unfinished of another.
func (t *Tree) ownOrigin(a *Ask, places []place) bool {
	return t.rules.PerZone && a.Offset == 0 && t.others(a) == 0 &&
		!slices.ContainsFunc(places, func(p place) bool { return p.whole || p.Near })
}

// others is how many of the asker's zone are on their way besides him.
func (t *Tree) others(a *Ask) int {
	z := t.byName[a.Zone]
	if z == nil {
		return 0
	}
	if m := t.members[a.Node]; m != nil && m.zone == z && m.stage != aside {
		return z.members - 1
	}
	return z.members
}

// mayTake says whether a place is one to take at once. One in another zone is when
// there is nobody near to wait for: nobody on his way, and no whole holder who is
// merely full. One that the asker has had trouble with is not waited for.
func (t *Tree) mayTake(a *Ask, p place, all []place, now time.Duration) bool {
	best := &all[0]
	switch {
	case p.standing() != best.standing() || p.slow != best.slow:
		return false
	case p.kept || p.full:
		return p.kept
	case p.at <= a.Offset && slices.ContainsFunc(all, func(p place) bool { return p.kept }):
		return false // he has a parent, and this one may in truth be behind him
	}
	near := func(p place) bool { return p.Near && p.whole && p.standing() == best.standing() }
	return p.Near || a.Offset > 0 || now-a.Since >= farTime || (t.others(a) == 0 && !slices.ContainsFunc(all, near))
}

// seat gives the asker a place. It is kept for him until he is heard of. Its number
// is how many children were there before him.
func (t *Tree) seat(a *Ask, p place, now time.Duration) (number int) {
	m := t.members[a.Node]
	if m == nil {
		m = t.add(a.Node, a.Zone, seated)
	}
	switch {
	case a.Offset > 0: // so much is there
		t.wake(m, a.Zone, growing)
		t.advance(m, a.Offset, now)
	case m.stage != growing:
		t.wake(m, a.Zone, seated)
		t.hold(m, now)
	}
	parent := p.member
	if parent == nil {
		parent = t.add(p.Ordinal, p.zone(), aside)
	}
	t.release(a.Node, false)
	t.place(m, parent, now)
	return parent.children - 1
}

// answerOf has the chosen place and others to turn to. Children of one parent have
// them in different orders: if it dies, not all of them turn to the same.
func answerOf(places []place, chosen, sibling int) Answer {
	best := places[chosen]
	rest := slices.Delete(places, chosen, chosen+1)
	mix(rest, sibling)
	ans := Answer{Parents: []Parent{best.parent()}}
	for i := range min(len(rest), usual-1) {
		ans.Parents = append(ans.Parents, rest[i].parent())
	}
	return ans
}

// mix turns those at the head of a list that are equally good.
func mix(places []place, by int) {
	alike := 0
	for alike < len(places) && like(&places[alike], &places[0]) {
		alike++
	}
	if alike > 1 {
		by %= alike
		copy(places, slices.Concat(places[by:alike], places[:by]))
	}
}

func like(a, b *place) bool {
	return a.standing() == b.standing() && a.slow == b.slow && a.full == b.full && a.Near == b.Near
}
