package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

const (
	MB = 1_000_000

	registryName = "registry.test"
	pullDeadline = 90 * time.Second // of one pull; a broken one must not hang the suite
	soon         = 15 * time.Second // for what takes milliseconds on an idle machine
)

// cluster is a registry, trackers and some nodes, each on its own host.
type cluster struct {
	*testbed.Bed
	t        *testing.T
	registry *testbed.Registry
	trackers []*tracker // as the seeders are told
	tracker  *tracker   // the first, and often the only one
	nodes    []*node
	alone    func() // waits until no other test runs, and keeps it so
}

// node is a containerd with a seeder as its mirror.
type node struct {
	*testbed.Containerd
	cluster *cluster
	flags   []string
	seeder  *testbed.Process
}

// newCluster starts everything but nodes, and has the image in the registry
// under the name that it returns.
func newCluster(t *testing.T, s imagekit.Spec) (c *cluster, img *imagekit.Image, ref string) {
	t.Helper()
	testbed.Require(t)
	t.Parallel()
	c = newSite(t)
	c.tracker = c.startTracker("tracker")
	c.trackers = []*tracker{c.tracker}
	img, ref = c.push(s)
	return c, img, ref
}

// machine is shared by tests that run side by side; a crowd has it to itself, since
// what its test counts depends on who is served in time.
var machine sync.RWMutex

// newSite is a cluster of nothing but a registry.
func newSite(t *testing.T) *cluster {
	t.Helper()
	machine.RLock()
	leave := machine.RUnlock
	t.Cleanup(func() { leave() })
	c := newBed(t)
	c.alone = func() {
		leave()
		machine.Lock()
		leave = machine.Unlock
	}
	return c
}

func newBed(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{Bed: testbed.New(t), t: t}
	c.registry = c.Registry(c.Host("registry"))
	return c
}

func (c *cluster) push(s imagekit.Spec) (*imagekit.Image, string) {
	c.t.Helper()
	img, err := imagekit.Build(testbed.Cache("images"), s)
	if err != nil {
		c.t.Fatal(err)
	}
	name := fmt.Sprintf("e2e/app:%.12s", img.Digest.Encoded())
	c.registry.Push(name, img)
	return img, registryName + "/" + name
}

// slowHeartbeats restarts the tracker with so long an interval that a silent
// node stays in its answers for the whole test. Call it before nodes are added.
func (c *cluster) slowHeartbeats() {
	c.t.Helper()
	c.tracker.Kill()
	c.tracker.start("--heartbeat-interval=30s")
}

// addNode starts a node; flags are for its seeder.
func (c *cluster) addNode(flags ...string) *node {
	c.t.Helper()
	host := c.Host(fmt.Sprintf("n%d", len(c.nodes)+1))
	n := &node{cluster: c, Containerd: c.Containerd(host), flags: flags}
	n.Mirror(registryName, c.registry.URL, testbed.MirrorURL)
	n.startSeeder()
	c.nodes = append(c.nodes, n)
	return n
}

func (n *node) startSeeder() {
	n.cluster.t.Helper()
	var trackers []string
	for _, tr := range n.cluster.trackers {
		trackers = append(trackers, tr.host.At(testbed.TrackerPort))
	}
	flags := append([]string{
		"--trackers=" + strings.Join(trackers, ","),
		"--upstreams=" + registryName + "=" + n.cluster.registry.URL,
	}, n.flags...)
	n.seeder = n.cluster.Seeder(n.Containerd, flags...)
}

// pull pulls with ctr, which must succeed and leave every byte right.
func (n *node) pull(ref string, img *imagekit.Image) {
	n.cluster.t.Helper()
	if err := n.tryPull(ref); err != nil {
		n.cluster.t.Fatal(err)
	}
	if err := n.Check(img); err != nil {
		n.cluster.t.Fatal(err)
	}
}

func (n *node) tryPull(ref string) error {
	ctx, cancel := context.WithTimeout(n.cluster.t.Context(), pullDeadline)
	defer cancel()
	return n.Pull(ctx, ref)
}

// startPull pulls in the background. The function that it returns waits for
// the end.
func (n *node) startPull(ref string) (wait func() error) {
	var err error
	var done sync.WaitGroup
	done.Go(func() { err = n.tryPull(ref) })
	return func() error { done.Wait(); return err }
}

// holders are the nodes that the first tracker names for a digest.
func (c *cluster) holders(d digest.Digest) []string {
	c.t.Helper()
	handouts, err := c.tracker.lookup(d)
	if err != nil {
		c.t.Fatal(err)
	}
	return handouts[0]
}

// waitHolders waits until the tracker names this many nodes for every part.
func (c *cluster) waitHolders(img *imagekit.Image, n int, deadline time.Duration) {
	c.t.Helper()
	for _, p := range img.Parts {
		c.Eventually(deadline, fmt.Sprintf("%d holders of the %s %s", n, p.Kind, p.Digest), func() bool {
			return len(c.holders(p.Digest)) == n
		})
	}
}

// cutRegistry unplugs the registry once the tracker knows what these names stand for:
// it hears of an image's name a moment after it has heard of its content, and whoever
// pulls by a name that nobody knows is left to the registry.
func (c *cluster) cutRegistry(refs ...string) {
	c.t.Helper()
	for _, ref := range refs {
		c.Eventually(soon, ref+" is known", func() bool { return c.tracker.resolves(ref) })
	}
	c.registry.Host.Unplug()
}

// biggest is the largest layer.
func biggest(img *imagekit.Image) imagekit.Part {
	var b imagekit.Part
	for _, l := range img.Layers() {
		if l.Size > b.Size {
			b = l
		}
	}
	return b
}
