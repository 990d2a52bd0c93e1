package swarm

import (
	"time"
)

const (
	maxFanout = 16 // children of one parent for one digest
	// line is how many may be in one line, each fed by the one before it.
	// On a link that nothing is known of, a line is the only shape that can't
	// be slower than the link; but every place in it costs a hop. Beyond
	// this many, two children for everybody cost less.
	line = 24
	// hop is what it takes from a parent's first bytes to its child's, once the
	// child waits for them.
	hop = 20 * time.Millisecond
	// slowLink is taken for the rate of an uplink that nothing is known of, in
	// bytes per second: 100 Mbit/s.
	slowLink = 12.5e6
	// holdTime is for how long a place is kept for somebody without a byte,
	// and somebody who has finished is taken for a holder. Both is over within
	// some tens of milliseconds when all is well.
	holdTime = 500 * time.Millisecond
	// farTime is how long somebody waits for a place in his own zone.
	farTime = 500 * time.Millisecond
	maxAge  = 2 * time.Second // of what is known of a rate
	hasty   = 2               // times as long as usual is slow
	// fewRates say nothing of what is usual but that it can be had.
	fewRates = 16
)

// Rules are what an operator may decide about swarms.
type Rules struct {
	// Wait bounds how long a join may wait; 0 lets nobody wait.
	Wait time.Duration
	// Start is the time within which a lease's holder must have a byte.
	Start time.Duration
	// PerZone gives a lease to each zone, instead of one to the cluster.
	PerZone bool
	// PerRegistry is how many leases one registry has at a time; 0 is no
	// bound.
	PerRegistry int
	// Fanout is the number of children of every parent; 0 goes by what is
	// measured. It is for simulations.
	Fanout int
}

// DefaultRules are for anybody.
func DefaultRules() Rules { return Rules{Wait: time.Second, Start: 700 * time.Millisecond} }

// Tree is the swarm of one digest: who gets it from whom, and who has leave to
// get it from the origin. It has no clock and no lock, and nothing in it is left
// to chance; times are since any fixed moment, and never go back.
//
// A node has a place from the moment that it is handed a parent. It holds it by
// telling of its progress, and loses it when it is gone, says that it is over, or
// has not got a byte after half a second. Nobody is moved: who has lost his
// parent asks for another.
type Tree struct {
	rules  *Rules
	ledger *Ledger
	number int   // in the ledger; no two have the same
	size   int64 // 0 while unknown
	// registry is where askers would get it from; empty while unknown.
	registry string

	members map[uint32]*member
	zones   []*zone
	byName  map[string]*zone
	leases  map[string]lease  // by zone, or just ""
	streams map[uint32]string // registries that nodes with a lease get it from
	passed  int               // leases that were lost
	lapses  int               // of them, for want of a byte, since the last byte
	holds   []hold            // in the order of their end
	sources []*member         // those who get it from the origin
	waiting int
	oldest  time.Duration // since when somebody has waited while there was something
	barren  time.Duration // when there was last nothing

	usual    float64 // bytes per second at which members grow, all but the best; 0 while unknown
	rated    int     // rates that have been heard
	partials int     // members that are no holders
}

// zone is the part of a swarm that is near to each other.
type zone struct {
	name    string
	shelf   shelf
	members int // that are no holders
	queue   []*Waiter
}

type hold struct {
	node  uint32
	until time.Duration
}

// NewTree makes a swarm without members.
func NewTree(rules *Rules, ledger *Ledger) *Tree {
	ledger.trees++
	return &Tree{
		rules: rules, ledger: ledger, number: ledger.trees,
		members: map[uint32]*member{}, byName: map[string]*zone{}, leases: map[string]lease{}, streams: map[uint32]string{},
	}
}

// Idle says that there is nothing in it that has to be remembered.
func (t *Tree) Idle() bool { return len(t.members) == 0 && len(t.leases) == 0 && t.waiting == 0 }

func (t *Tree) zone(name string) *zone {
	z := t.byName[name]
	if z == nil {
		z = &zone{name: name}
		t.byName[name] = z
		t.zones = append(t.zones, z)
	}
	return z
}

// add makes a node a member.
func (t *Tree) add(node uint32, zone string, s stage) *member {
	m := &member{node: node, zone: t.zone(zone), stage: aside}
	t.members[node] = m
	t.become(m, s)
	return m
}

// become moves a member to another stage.
func (t *Tree) become(m *member, s stage) {
	if m.partial() {
		m.zone.shelf.take(m)
		t.ledger.of(m.node).growing--
	}
	t.count(m, -1)
	m.stage = s
	t.count(m, +1)
	if m.partial() {
		m.zone.shelf.put(m)
		t.ledger.of(m.node).growing++
	}
	if s != growing {
		m.rate = 0
		t.tap(m, false)
	}
}

// wake is become for one that may have stood aside, when its zone was of no
// interest.
func (t *Tree) wake(m *member, zone string, s stage) {
	if m.stage == aside {
		m.zone = t.zone(zone)
	}
	t.become(m, s)
}

// count keeps the number of those who are on their way.
func (t *Tree) count(m *member, n int) {
	if m.stage != aside {
		t.partials += n
		m.zone.members += n
	}
}

// rate notes how fast a member grows. The usual rate settles near that which one in
// ten surpasses: with many behind a slow parent, the middle would say nothing.
func (t *Tree) rate(m *member, rate int64) {
	m.rate = rate
	if rate == 0 {
		return
	}
	r := float64(rate)
	if t.rated++; t.rated <= fewRates {
		t.usual = max(t.usual, r)
		return
	}
	if r > t.usual {
		t.usual = min(r, 1.09*t.usual)
	} else {
		t.usual = max(r, 0.99*t.usual)
	}
}
