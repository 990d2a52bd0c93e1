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

// View shows what is in motion of a digest, which may be nothing.
func (s *Swarm) View(d digest.Digest) (v View) {
	f := &s.forest
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.trees[d]
	if t == nil {
		return v
	}
	v = View{Size: t.size, Waiting: t.waiting, Lost: t.passed}
	for _, m := range t.members {
		if m.stage != aside && len(v.Partials) < maxSeen {
			v.Partials = append(v.Partials, s.show(m))
		}
	}
	for _, l := range t.leases {
		v.Leases = append(v.Leases, Lease{s.nameOf(l.node), f.begin.Add(l.since)})
	}
	slices.SortFunc(v.Partials, func(a, b Partial) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Node, b.Node))
	})
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

// Moving lists the digests that somebody is fetching, in no order.
func (s *Swarm) Moving() []digest.Digest {
	f := &s.forest
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]digest.Digest, 0, len(f.trees))
	for d := range f.trees {
		all = append(all, d)
	}
	return all
}
