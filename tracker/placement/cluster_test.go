package placement

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// cluster is a world that does what a plan says. It implements Content.
type cluster struct {
	t     testing.TB
	now   time.Time
	nodes []*Node
	// images of each node by name, and when it recorded them.
	images map[uint32]map[string]trackerapi.Image
	tasks  map[string]Known
	sizes  map[digest.Digest]int64
	world  World // its Held and Limits
	fails  func(Task) string
	given  int
	done   []string // "node image"
	failed int

	policies []Policy
	jobs     []Job
	plan     *Plan
}

var start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// newCluster has nodes "a1", "a2" and so on of zone "a", then those of "b".
func newCluster(t testing.TB, perZone ...int) *cluster {
	c := &cluster{t: t, now: start, images: map[uint32]map[string]trackerapi.Image{}, tasks: map[string]Known{}, sizes: map[digest.Digest]int64{}}
	for z, n := range perZone {
		zone := string(rune('a' + z))
		for i := range n {
			c.join(fmt.Sprint(zone, i+1), zone)
		}
	}
	return c
}

func (c *cluster) join(name, zone string) *Node {
	n := &Node{Ordinal: uint32(10 + len(c.nodes)), Name: name, Zone: zone, State: Live, Stability: 1, Labels: map[string]string{}, Joined: c.now}
	c.nodes = append(c.nodes, n)
	c.images[n.Ordinal] = map[string]trackerapi.Image{}
	return n
}

func (c *cluster) node(name string) *Node {
	i := slices.IndexFunc(c.nodes, func(n *Node) bool { return n.Name == name })
	if i < 0 {
		c.t.Fatalf("no node %s", name)
	}
	return c.nodes[i]
}

func (c *cluster) pull(node, image string, d digest.Digest) {
	c.images[c.node(node).Ordinal][image] = trackerapi.Image{Name: image, Digest: d, UpdatedAt: c.now}
}

func (c *cluster) set(state State, names ...string) {
	for _, name := range names {
		n := c.node(name)
		n.State, n.Since = state, c.now
	}
}

func (c *cluster) Latest() iter.Seq[trackerapi.Image] {
	latest := map[string]trackerapi.Image{}
	for _, n := range c.nodes {
		for name, i := range c.images[n.Ordinal] {
			if old, there := latest[name]; !there || i.UpdatedAt.After(old.UpdatedAt) {
				latest[name] = i
			}
		}
	}
	return maps.Values(latest)
}

func (c *cluster) Holders(name string, d digest.Digest) (all []uint32) {
	for _, n := range c.nodes {
		if c.images[n.Ordinal][name].Digest == d {
			all = append(all, n.Ordinal)
		}
	}
	return all
}

func (c *cluster) Of(node uint32) []trackerapi.Image {
	return slices.Collect(maps.Values(c.images[node]))
}

func (c *cluster) view() *World {
	w := c.world
	w.Content, w.Parts = c, c.parts
	for _, n := range c.nodes {
		w.Nodes = append(w.Nodes, *n)
	}
	for _, id := range slices.Sorted(maps.Keys(c.tasks)) {
		w.Tasks = append(w.Tasks, c.tasks[id])
	}
	return &w
}

func (c *cluster) parts(d digest.Digest) []trackerapi.Part {
	if size := c.sizes[d]; size > 0 {
		return []trackerapi.Part{{Digest: d, Size: size}}
	}
	return nil
}

// decide makes a plan and tells it to the nodes, which have then begun with
// their tasks, and released what they need not keep.
func (c *cluster) decide() *Plan {
	c.t.Helper()
	c.plan = Make(c.view(), c.policies, c.jobs, c.now)
	c.given += len(c.plan.New)
	c.tasks = map[string]Known{}
	for _, k := range c.plan.Tasks {
		if _, twice := c.tasks[k.ID]; twice {
			c.t.Fatalf("task %s is in the plan twice", k.ID)
		}
		if k.State.Phase == "" {
			k.State = trackerapi.TaskState{ID: k.ID, Attempt: k.Attempt, Phase: trackerapi.TaskPulling}
		}
		c.tasks[k.ID] = k
	}
	for _, n := range c.nodes {
		if n.State != Away {
			n.Pins = slices.DeleteFunc(slices.Clone(c.plan.Pins[n.Ordinal]), func(p trackerapi.Pin) bool {
				return c.images[n.Ordinal][p.Image].Digest != p.Digest
			})
		}
	}
	return c.plan
}

// work ends every task that is under way on a node that lives.
func (c *cluster) work() {
	for _, id := range slices.Sorted(maps.Keys(c.tasks)) {
		k := c.tasks[id]
		n := c.node(k.Name)
		if k.Over() || n.State == Away {
			continue
		}
		k.Ended = c.now
		if c.fails != nil && c.fails(k.Task) != "" {
			k.State.Phase, k.State.Error = trackerapi.TaskFailed, c.fails(k.Task)
			c.failed++
		} else {
			k.State.Phase, k.State.Digest = trackerapi.TaskDone, cmp.Or(k.Digest, upstream(k.Image))
			c.pull(k.Name, k.Image, k.State.Digest)
			c.done = append(c.done, k.Name+" "+k.Image)
			if len(k.Owners) > 0 {
				pin := trackerapi.Pin{Image: k.Image, Digest: k.State.Digest, Owners: k.Owners}
				n.Pins = append(slices.DeleteFunc(slices.Clone(n.Pins), func(p trackerapi.Pin) bool { return p.Image == k.Image }), pin)
			}
		}
		c.tasks[id] = k
	}
}

// upstream is what a tag stands for there.
func upstream(image string) digest.Digest { return digest.FromString("upstream " + image) }

// settle goes on until there is nothing left to do, and says so if that never
// comes.
func (c *cluster) settle() *Plan {
	c.t.Helper()
	for range 400 {
		c.decide()
		if c.idle() {
			return c.plan
		}
		c.work()
		c.now = c.now.Add(time.Second)
	}
	c.t.Fatalf("there is no end of it: %+v", c.plan.Images)
	return nil
}

func (c *cluster) idle() bool {
	return !slices.ContainsFunc(c.plan.Tasks, func(k Known) bool { return !k.Over() })
}

func (c *cluster) sleep(d time.Duration) { c.now = c.now.Add(d) }

// holders are the nodes that have the image pinned, by name.
func (c *cluster) pinned(image string) (names []string) {
	for _, n := range c.nodes {
		if slices.ContainsFunc(n.Pins, func(p trackerapi.Pin) bool { return p.Image == image }) {
			names = append(names, n.Name)
		}
	}
	slices.Sort(names)
	return names
}

// zonesOf are the zones of nodes, in order.
func (c *cluster) zonesOf(names []string) (zones []string) {
	for _, name := range names {
		zones = append(zones, c.node(name).Zone)
	}
	slices.Sort(zones)
	return zones
}

func (c *cluster) mustSpread(image string, zones ...string) {
	c.t.Helper()
	if got := c.zonesOf(c.pinned(image)); !slices.Equal(got, zones) {
		c.t.Fatalf("%s is on %v, in the zones %v: want %v", image, c.pinned(image), got, zones)
	}
}

func (c *cluster) status(policy, image string) Status {
	c.t.Helper()
	for _, s := range c.plan.Images {
		if s.Policy == policy && s.Image == image {
			return s
		}
	}
	c.t.Fatalf("no status of %s under %s", image, policy)
	return Status{}
}

func (s Status) cause(c Cause) (Reason, bool) {
	i := slices.IndexFunc(s.Reasons, func(r Reason) bool { return r.Cause == c })
	if i < 0 {
		return Reason{}, false
	}
	return s.Reasons[i], true
}

func (c *cluster) mustSay(policy, image string, cause Cause) Reason {
	c.t.Helper()
	r, there := c.status(policy, image).cause(cause)
	if !there {
		c.t.Fatalf("no reason %q: %+v", cause, c.status(policy, image))
	}
	return r
}

const redis = "docker.io/library/redis:7"

func dg(text string) digest.Digest { return digest.FromString(text) }

// three wants three copies of everything, over zones.
func three() Policy { return Policy{Name: "base", Images: []string{"**"}, Factor: 3} }
