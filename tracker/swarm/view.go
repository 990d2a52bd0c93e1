package swarm

import (
	"cmp"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
)

// maxSeen is how many nodes of one digest a view has.
const maxSeen = 20_000

// View is what is in motion of one digest.
type View struct {
	Size     int64     // bytes; 0 while unknown
	Partials []Partial // the oldest places first, at most 20 000
	Leases   []Lease
	Waiting  int
	Lost     int // leases of which nothing has come
}

// Partial is a node that is on its way, as it last told.
type Partial struct {
	Node   string
	Parent string // empty for the origin, and while unknown
	Offset int64
	Rate   int64 // bytes per second
	Depth  int   // partial holders that its bytes pass
	// Children are the nodes that it feeds, or has a place for.
	Children int
	Since    time.Time // it has this parent
}

// Lease is an origin lease that is not yet used.
type Lease struct {
	Node  string
	Since time.Time
}

// View shows what is in motion of a digest, which may be nothing. Joins wait while
// it copies, and not while it sorts.
func (s *Swarm) View(d digest.Digest) View {
	v := s.copy(d)
	slices.SortFunc(v.Partials, func(a, b Partial) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Node, b.Node))
	})
	return v
}

func (s *Swarm) copy(d digest.Digest) (v View) {
	f := &s.forest
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.trees[d]
	if t == nil {
		return v
	}
	v = View{Size: t.size, Waiting: t.waiting, Lost: t.passed, Partials: make([]Partial, 0, min(t.partials, maxSeen))}
	for _, m := range t.members {
		if m.stage != aside && len(v.Partials) < maxSeen {
			v.Partials = append(v.Partials, s.show(m))
		}
	}
	for _, l := range t.leases {
		v.Leases = append(v.Leases, Lease{s.nameOf(l.node), f.begin.Add(l.since)})
	}
	return v
}

func (s *Swarm) show(m *member) Partial {
	p := Partial{
		Node: s.nameOf(m.node), Offset: m.offset, Rate: m.rate, Depth: m.passes(), Children: m.children,
		Since: s.forest.begin.Add(m.moved),
	}
	if parent := m.parent(); parent != nil {
		p.Parent = s.nameOf(parent.node)
	}
	return p
}

func (s *Swarm) nameOf(node uint32) string { return s.roster.At(node).Identity().Name }

// Outline is a digest that somebody is fetching, in figures.
type Outline struct {
	Digest   digest.Digest
	Size     int64 // bytes; 0 while unknown
	Partials int   // nodes that are on their way to it
	Leases   int   // that are held and not yet used
	Waiting  int   // joins that wait
}

// Moving lists all that is in motion, in no order.
func (s *Swarm) Moving() []Outline {
	f := &s.forest
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Outline, 0, len(f.trees))
	for d, t := range f.trees {
		all = append(all, Outline{Digest: d, Size: t.size, Partials: t.partials, Leases: len(t.leases), Waiting: t.waiting})
	}
	return all
}
