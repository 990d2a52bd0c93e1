package e2e

import (
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// Nodes come one by one while the first is getting the image: each has the rest from
// those who are before it. How long the last one takes beyond that is measured by
// "loadtest bench --only crowd --case arrivals".
func TestThoseWhoComeLaterJoinAtOnce(t *testing.T) {
	const count, size = 6, 24 * MB
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 66, Layers: []int64{size}})
	c.addCrowd(count)
	c.slowLinks(c.registry.Host)
	before, began := c.registry.Host.Traffic(), time.Now()
	waits := make([]func(), count)
	for i := range c.nodes {
		n := c.nodes[i : i+1]
		c.nodes[0].waitReceived(size / count * int64(i)) // the pace is that of the first
		waits[i] = startPulls(n, ref, img)
	}
	for i, wait := range waits {
		wait()
		t.Logf("%s is done %s after the first began", c.nodes[i].Host.Name, time.Since(began).Round(time.Millisecond))
	}
	c.wantCopies(c.registry.Host, before, img, 1.2)
}
