package e2e

import (
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// Nodes come one by one while the first is getting the image: each has the rest from
// those who are before it, at once. How long the last one takes beyond that is measured
// by "loadtest bench --only crowd --case arrivals"; the bound here is for a machine
// that is busy with other things, and none who has to wait for the others would meet
// it.
func TestThoseWhoComeLaterJoinAtOnce(t *testing.T) {
	const count, size = 6, 24 * MB
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 66, Layers: []int64{size}})
	c.addCrowd(count)
	c.slowLinks(c.registry.Host)
	before, began := c.registry.Host.Traffic(), time.Now()
	waits, arrived := make([]func(), count), make([]time.Duration, count)
	for i := range c.nodes {
		n := c.nodes[i : i+1]
		c.nodes[0].waitReceived(size / count * int64(i)) // the pace is that of the first
		waits[i], arrived[i] = startPulls(n, ref, img), time.Since(began)
	}
	const least = time.Second * size * 8 / time.Duration(crowdRate)
	for i, wait := range waits {
		wait()
		took, most := time.Since(began), 2*(arrived[i]+least)+2*time.Second
		t.Logf("%s is done %s after the first began", c.nodes[i].Host.Name, took.Round(time.Millisecond))
		if took > most {
			t.Errorf("it arrived after %s and should have been done after %s", arrived[i], most)
		}
	}
	c.wantCopies(c.registry.Host, before, img, once)
}
