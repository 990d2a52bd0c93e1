package placement

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// seat is a node with what the plan has given it so far.
type seat struct {
	*Node
	tasks int   // under way
	keeps int   // images that it keeps, or is to keep
	taken int64 // bytes of those that it will get
}

// spot is one image on one node, by its index.
type spot struct {
	node  int
	image string
}

// pinned is a pin as a node tells it.
type pinned struct {
	node int
	*trackerapi.Pin
}

// planner makes one plan. Nodes are meant by their place in the order of names,
// which is the same whoever plans.
type planner struct {
	w      *World
	now    time.Time
	limits Limits

	seats []seat         // by name
	index map[uint32]int // by ordinal

	pins    map[string][]pinned // by image
	doing   map[string][]*Known // under way or done just now, by image
	at      map[spot]*Known     // the same
	history map[spot]*Known     // those that ended, the latest for each spot
	byOwner map[string]map[spot]*Known
	latest  map[string]trackerapi.Image

	underway int
	domains  map[string]*domains // by keys
	keep     map[spot]*keeping
	used     map[string]*Known // by ID: what the plan has
	plan     *Plan
	size     map[digest.Digest]int64
	place    Place // for scores, so that none is made for each
}

// keeping is a pin as it should be.
type keeping struct {
	digest digest.Digest
	owners []string
}

func newPlanner(w *World, now time.Time) *planner {
	p := &planner{
		w: w, now: now, limits: w.Limits.complete(),
		index: make(map[uint32]int, len(w.Nodes)),
		pins:  map[string][]pinned{}, doing: map[string][]*Known{}, at: map[spot]*Known{}, history: map[spot]*Known{},
		byOwner: map[string]map[spot]*Known{}, latest: map[string]trackerapi.Image{}, domains: map[string]*domains{},
		keep: map[spot]*keeping{}, used: map[string]*Known{}, size: map[digest.Digest]int64{},
		plan: &Plan{Pins: map[uint32][]trackerapi.Pin{}},
	}
	p.seat()
	for i := range w.Content.Latest() {
		p.latest[i.Name] = i
	}
	return p
}

func (p *planner) seat() {
	nodes := make([]*Node, len(p.w.Nodes))
	for i := range p.w.Nodes {
		nodes[i] = &p.w.Nodes[i]
	}
	slices.SortFunc(nodes, func(a, b *Node) int { return strings.Compare(a.Name, b.Name) })
	p.seats = make([]seat, len(nodes))
	for i, n := range nodes {
		p.seats[i] = seat{Node: n, keeps: len(n.Pins)}
		p.index[n.Ordinal] = i
		for j := range n.Pins {
			p.pins[n.Pins[j].Image] = append(p.pins[n.Pins[j].Image], pinned{i, &n.Pins[j]})
		}
	}
}

func (l Limits) complete() Limits {
	d := DefaultLimits()
	return Limits{
		PerNode: cmp.Or(l.PerNode, d.PerNode), Total: cmp.Or(l.Total, d.Total),
		MaxAway: cmp.Or(l.MaxAway, d.MaxAway), Reserve: cmp.Or(l.Reserve, d.Reserve),
	}
}

// domains are the zones, racks and so on of all nodes: for each key, a number by
// node. That of a lesser key is one within that of the key before.
type domains struct {
	of    [][]int32
	count []int
}

func (p *planner) domainsOf(keys []string) *domains {
	id := strings.Join(keys, "\x00")
	if d := p.domains[id]; d != nil {
		return d
	}
	d := &domains{of: make([][]int32, len(keys)), count: make([]int, len(keys))}
	type domain struct {
		within int32 // of the key before
		value  string
	}
	above := make([]int32, len(p.seats))
	for level, key := range keys {
		numbers := map[domain]int32{}
		d.of[level] = make([]int32, len(p.seats))
		for i := range p.seats {
			one := domain{above[i], valueOf(p.seats[i].Node, key)}
			number, known := numbers[one]
			if !known {
				number = int32(len(numbers)) //nolint:gosec // there are no more than nodes
				numbers[one] = number
			}
			d.of[level][i] = number
		}
		d.count[level], above = len(numbers), d.of[level]
	}
	p.domains[id] = d
	return d
}

func valueOf(n *Node, key string) string {
	switch key {
	case "zone":
		return n.Zone
	case "node":
		return n.Name
	}
	return n.Labels[key]
}

// bytes of an image; 0 while that is not known.
func (p *planner) bytes(d digest.Digest) int64 {
	if d == "" {
		return 0
	}
	total, known := p.size[d]
	if !known {
		total = sizeOf(p.w.parts(d))
		p.size[d] = total
	}
	return total
}

func sizeOf(parts []trackerapi.Part) (total int64) {
	for _, part := range parts {
		total += part.Size
	}
	return total
}

// holders are the nodes that have the name for the digest.
func (p *planner) holders(name string, d digest.Digest) (all []int) {
	for _, ordinal := range p.w.Content.Holders(name, d) {
		if i, known := p.index[ordinal]; known {
			all = append(all, i)
		}
	}
	return all
}

// named finds a node.
func (p *planner) named(name string) (node int, known bool) {
	return slices.BinarySearchFunc(p.seats, name, func(s seat, name string) int { return strings.Compare(s.Name, name) })
}

// soon notes when something can change by time alone.
func (p *planner) soon(t time.Time) {
	if t.After(p.now) && (p.plan.Next.IsZero() || t.Before(p.plan.Next)) {
		p.plan.Next = t
	}
}
