package bench

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/shared/trackerapi"
)

// How often a node is looked at for what it has committed, and the longest that
// a pull may take: eight copies of 256 MiB take 3 minutes at 100 Mbit/s.
const (
	crowdTick    = 10 * time.Millisecond
	crowdTimeout = 8 * time.Minute
)

// crowd is a tracker, a registry that has the image of a case, and nodes.
type crowd struct {
	*testbed.Bed
	crowdCase
	t        testbed.T
	rate     int64 // of every link, bits per second
	image    *imagekit.Image
	registry *testbed.Registry
	nodes    []*node
}

func newCrowd(t testbed.T, k crowdCase, rate int64) *crowd {
	t.Helper()
	c := &crowd{Bed: testbed.New(t), crowdCase: k, t: t, rate: rate, image: crowdImage(t, k)}
	c.registry = c.Registry(c.Host("registry"))
	c.registry.Push(k.repository(), c.image)
	tracker := c.Host("tracker")
	c.Tracker(tracker, "--log-level=info")
	for i := range crowdSize {
		c.addNode(fmt.Sprintf("n%d", i+1), tracker.At(testbed.TrackerPort))
	}
	for _, n := range c.nodes {
		n.seeder.WaitLog("tracker session is up", settled)
	}
	if k.warm {
		c.pullAll(c.nodes[:1])
		c.waitNamed(trackerapi.NewClient(tracker.At(testbed.TrackerPort), tracker.Client()))
	}
	c.registry.Host.SetRate(rate)
	for _, n := range c.nodes {
		n.Host.SetRate(rate)
	}
	return c
}

// waitNamed waits until the tracker knows what the image's tag stands for: the last
// thing that a node announces of a pull.
func (c *crowd) waitNamed(tracker *trackerapi.Client) {
	c.Eventually(settled, "the tracker knows the tag", func() bool {
		ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
		defer cancel()
		r, err := tracker.Resolve(ctx, trackerapi.ResolveRequest{Node: "bench", Names: []string{c.ref()}})
		return err == nil && r.Images[0].Digest == c.image.Digest
	})
}

func (c *crowd) addNode(name, trackers string) {
	n := &node{Containerd: c.Containerd(c.Host(name))}
	n.Mirror(linkRegistry, c.registry.URL, testbed.MirrorURL)
	n.seeder = c.Seeder(n.Containerd, "--log-level=info", "--trackers="+trackers,
		"--upstreams="+linkRegistry+"="+c.registry.URL)
	c.nodes = append(c.nodes, n)
}

// withoutDray takes the image from all nodes, and leaves them with the registry.
func (c *crowd) withoutDray() {
	for _, n := range c.nodes {
		n.seeder.Terminate(10 * time.Second)
		n.Mirror(linkRegistry, c.registry.URL)
		n.Remove(c.ref())
	}
}

// pullAll lets the nodes pull, and returns when the last has unpacked the image.
func (c *crowd) pullAll(nodes []*node) (slowest crowdTimes) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), crowdTimeout)
	defer cancel()
	least := time.Duration(float64(c.image.Size()) * 8 / float64(c.rate) * float64(time.Second))
	times := make([]crowdTimes, len(nodes))
	group, ctx := errgroup.WithContext(ctx)
	for i, n := range nodes {
		arrival := time.Duration(0)
		if c.staggered {
			arrival = least * time.Duration(i) / time.Duration(len(nodes))
		}
		group.Go(func() (err error) {
			times[i], err = c.pullAt(ctx, n, arrival)
			times[i].over = float64(arrival+times[i].got) / float64(arrival+least)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		c.t.Fatalf("%w", err)
	}
	for _, s := range times {
		slowest = crowdTimes{max(slowest.got, s.got), max(slowest.unpacked, s.unpacked), max(slowest.over, s.over)}
	}
	return slowest
}

// pullAt begins after a while.
func (c *crowd) pullAt(ctx context.Context, n *node, arrival time.Duration) (s crowdTimes, err error) {
	select {
	case <-time.After(arrival):
	case <-ctx.Done():
		return s, ctx.Err()
	}
	began := time.Now()
	done := make(chan error, 1)
	go func() { done <- n.Pull(ctx, c.ref()) }()
	missing := c.image.Parts
	tick := time.NewTicker(crowdTick)
	defer tick.Stop()
	for {
		if missing = n.missing(missing); len(missing) == 0 && s.got == 0 {
			s.got = time.Since(began)
		}
		select {
		case err := <-done:
			s.unpacked = time.Since(began)
			if s.got == 0 {
				s.got = s.unpacked
			}
			return s, err
		case <-tick.C:
		}
	}
}

// missing are those of the parts that the node has not committed.
func (n *node) missing(parts []imagekit.Part) (left []imagekit.Part) {
	for _, p := range parts {
		if _, err := os.Stat(n.BlobPath(p)); err != nil {
			left = append(left, p)
		}
	}
	return left
}
