package placement

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/placement"
)

const (
	purgeAfter = 10 * time.Minute // the tracker's default
	collect    = day              // after which the kubelet deletes what is not pinned
	grownUp    = 10 * time.Minute // as in the roster
)

// slot is a node, and what is on its disk.
type slot struct {
	node   placement.Node
	outs   int  // reasons why it is away
	lost   bool // its disk is, since it went away
	since  time.Duration
	wear   float64       // of failures, as the roster counts them
	wornAt time.Duration // when that was so
	images map[string]copied
}

// copied is an image on a disk.
type copied struct {
	digest digest.Digest
	at     time.Duration
	idle   time.Duration // since when it is not pinned
}

// image is one that is replicated.
type image struct {
	name   string
	digest digest.Digest
	size   int64
	at     time.Duration
	on     map[int]bool // slots that have the latest version, or are thought to
}

// cluster is all of them. It implements [placement.Content] as the tracker sees
// them: what a node that is away had, it is thought to have.
type cluster struct {
	o      *Options
	memory time.Duration // half-life of failures
	now    time.Duration
	slots  []*slot
	images []*image
	byName map[string]*image
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newCluster(o *Options, memory time.Duration) *cluster {
	c := &cluster{o: o, memory: memory, byName: map[string]*image{}}
	rng := rand.New(rand.NewPCG(o.Seed, 1)) //nolint:gosec // a simulation
	for i := range o.Nodes {
		n := placement.Node{Ordinal: uint32(i), Name: fmt.Sprintf("node-%05d", i), Zone: fmt.Sprintf("zone-%d", i%o.Zones), State: placement.Live} //nolint:gosec // it is small
		if o.isSpot(i) {
			n.Labels = map[string]string{"spot": "true"}
		}
		c.slots = append(c.slots, &slot{node: n, images: map[string]copied{}, since: -day})
	}
	for i := range o.Images {
		size := int64(300 * (1 << 20) * math.Exp(0.8*rng.NormFloat64())) // 300 MiB in the middle, 1 GiB is one in 15
		c.images = append(c.images, &image{name: fmt.Sprintf("registry.example/app-%d:latest", i), size: size, on: map[int]bool{}})
		c.byName[c.images[i].name] = c.images[i]
	}
	return c
}

// Latest implements [placement.Content].
func (c *cluster) Latest() iter.Seq[trackerapi.Image] {
	return func(yield func(trackerapi.Image) bool) {
		for _, i := range c.images {
			if len(i.on) > 0 && !yield(trackerapi.Image{Name: i.name, Digest: i.digest, UpdatedAt: epoch.Add(i.at)}) {
				return
			}
		}
	}
}

// Holders implements [placement.Content].
func (c *cluster) Holders(name string, d digest.Digest) (all []uint32) {
	if i := c.byName[name]; i.digest == d {
		for _, s := range slices.Sorted(maps.Keys(i.on)) {
			all = append(all, uint32(s)) //nolint:gosec // it is small
		}
	}
	return all
}

// Of implements [placement.Content]. Older versions are left out: nobody wants them
// saved here.
func (c *cluster) Of(node uint32) (all []trackerapi.Image) {
	for name, has := range c.slots[node].images {
		if has.digest == c.byName[name].digest {
			all = append(all, trackerapi.Image{Name: name, Digest: has.digest})
		}
	}
	return all
}

// put records an image on a node.
func (c *cluster) put(at int, i *image, d digest.Digest) {
	c.slots[at].images[i.name] = copied{digest: d, at: c.now, idle: c.now}
	if d == i.digest {
		i.on[at] = true
	} else {
		delete(i.on, at)
	}
}

func (c *cluster) drop(at int, name string) {
	delete(c.slots[at].images, name)
	delete(c.byName[name].on, at)
}

// wipe takes what was on a disk out of what the tracker thinks.
func (c *cluster) wipe(at int) {
	for name := range c.slots[at].images {
		c.drop(at, name)
	}
	c.slots[at].node.Pins = nil
}

func (s *slot) live() bool { return s.outs == 0 }

// someone is the first live node from this one on.
func (c *cluster) someone(at int) (live int, found bool) {
	for i := range c.slots {
		if live = (at + i) % len(c.slots); c.slots[live].live() {
			return live, true
		}
	}
	return 0, false
}

// copies counts the nodes that could give an image now, and those whose disk has
// it, away or not.
func (c *cluster) copies(i *image) (live, left int) {
	for at := range i.on {
		switch {
		case c.slots[at].live():
			live++
			left++
		case !c.slots[at].lost:
			left++
		}
	}
	return live, left
}

// nodes are those that the tracker knows.
func (c *cluster) nodes() (all []placement.Node) {
	all = make([]placement.Node, 0, len(c.slots))
	for _, s := range c.slots {
		if s.live() || c.now-s.since <= purgeAfter {
			n := s.node
			n.Stability, n.Since = c.stability(s), epoch.Add(s.since)
			all = append(all, n)
		}
	}
	return all
}

// stability is that of the roster, but for how long failures are remembered.
func (c *cluster) stability(s *slot) float64 {
	wear := s.wear * math.Exp2(-float64(c.now-s.wornAt)/float64(c.memory))
	return (1 + min(1, float64(c.now-s.since)/float64(grownUp))) / 2 / (1 + wear)
}

func (c *cluster) worn(s *slot) {
	s.wear = 1 + s.wear*math.Exp2(-float64(c.now-s.wornAt)/float64(c.memory))
	s.wornAt = c.now
}
