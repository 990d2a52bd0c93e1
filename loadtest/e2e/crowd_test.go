package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// crowdSize is what two cores carry at crowdRate.
const (
	crowdSize = 8
	crowdRate = 100 * testbed.Mbit
)

// addCrowd adds nodes, and waits until the tracker knows every node.
func (c *cluster) addCrowd(count int) {
	c.t.Helper()
	c.alone()
	for range count {
		c.addNode()
	}
	for _, n := range c.nodes {
		n.seeder.WaitLog("tracker session is up", soon)
	}
}

// slowLinks gives every node, and what stands for the registry, links of
// crowdRate: time enough to do something in the middle.
func (c *cluster) slowLinks(registry *testbed.Host) {
	c.t.Helper()
	registry.SetRate(crowdRate)
	for _, n := range c.nodes {
		n.Host.SetRate(crowdRate)
	}
}

// startPulls has the nodes pull at once. The function that it returns waits for
// all of them, which must succeed and have every byte right.
func startPulls(nodes []*node, ref string, img *imagekit.Image) (wait func()) {
	waits := make([]func() error, len(nodes))
	for i, n := range nodes {
		waits[i] = n.startPull(ref)
	}
	return func() {
		for i, n := range nodes {
			n.cluster.t.Helper()
			if err := waits[i](); err != nil {
				n.cluster.t.Fatal(err)
			}
			if err := n.Check(img); err != nil {
				n.cluster.t.Fatal(err)
			}
		}
	}
}

// logCopies is what a host has sent since, counted in images.
func (c *cluster) logCopies(h *testbed.Host, since testbed.Traffic, img *imagekit.Image) float64 {
	c.t.Helper()
	copies := float64(h.Traffic().Sub(since).Sent) / float64(img.Size())
	c.t.Logf("%s sent %.2f copies", h.Name, copies)
	return copies
}

// What a crowd may cost the registry: once for all, and one more where the one that
// downloads is lost. The rest is for what the kernel counts besides.
const (
	once    = 1.2
	oneMore = 2.2
)

// wantCopies bounds it.
func (c *cluster) wantCopies(h *testbed.Host, since testbed.Traffic, img *imagekit.Image, most float64) {
	c.t.Helper()
	if copies := c.logCopies(h, since, img); copies > most {
		c.t.Errorf("%s sent %.2f copies; want at most %v", h.Name, copies, most)
	}
}

// waitReceived waits until this much has come to the node.
func (n *node) waitReceived(bytes int64) {
	n.cluster.t.Helper()
	n.cluster.Eventually(soon, n.Host.Name+" is in the middle", func() bool { return n.Host.Traffic().Received > bytes })
}

// All nodes want an image that nobody has, in the same second.
func TestACrowdDownloadsAnImageOnce(t *testing.T) {
	for name, c := range map[string]struct {
		layers []int64
		copies float64
	}{
		"one big layer":     {[]int64{32 * MB}, once},
		"many layers":       {slices.Repeat([]int64{4 * MB}, 10), once + 0.3}, // two or three of them twice
		"many small layers": {slices.Repeat([]int64{1 * MB}, 8), once + 0.2},
	} {
		layers, copies := c.layers, c.copies
		t.Run(name, func(t *testing.T) {
			c, img, ref := newCluster(t, imagekit.Spec{Seed: 50 + uint64(len(layers)), Layers: layers})
			c.addCrowd(crowdSize)
			c.slowLinks(c.registry.Host)
			before, began := c.registry.Host.Traffic(), time.Now()
			startPulls(c.nodes, ref, img)()
			t.Logf("%d nodes in %s", crowdSize, time.Since(began).Round(time.Millisecond))
			c.wantCopies(c.registry.Host, before, img, copies)
		})
	}
}

// One node has the image, the registry is cut off, all the others want it at
// once: they share what they get, rather than the one node's uplink.
func TestAWarmCrowdSharesWhatItGets(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 70, Layers: []int64{32 * MB}})
	holder := c.addNode()
	holder.pull(ref, img)
	c.waitHolders(img, 1, soon)
	c.addCrowd(crowdSize - 1)
	c.slowLinks(c.registry.Host)
	c.cutRegistry(ref)
	before := holder.Host.Traffic()
	startPulls(c.nodes[1:], ref, img)()
	c.wantCopies(holder.Host, before, img, oneMore) // about 7 if they did not share
}
