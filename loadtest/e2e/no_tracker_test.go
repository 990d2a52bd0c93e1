package e2e

import (
	"testing"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// All trackers are gone and the registry is out of reach. A node that was served
// by a neighbour before asks it again: for what it is known to have, and for what
// it may have.
func TestNodesServeEachOtherWithoutATracker(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 21, Layers: []int64{10 * MB, 1000}})
	later, laterRef := c.push(imagekit.Spec{Seed: 22, Layers: []int64{20 * MB, 1000}})
	holder, asker := c.addNode(), c.addNode()
	holder.pull(ref, img)
	c.waitHolders(img, 1, soon)
	asker.pull(ref, img)

	c.tracker.Kill()
	asker.seeder.WaitLog("tracker session is down", soon)
	holder.pull(laterRef, later)
	c.registry.Host.Unplug()
	before := holder.Host.Traffic()
	asker.pull(laterRef+"@"+later.Digest.String(), later)
	if sent := holder.Host.Traffic().Sub(before).Sent; sent < later.Size() {
		t.Errorf("the neighbour has sent %d bytes of %d: where is the rest from?", sent, later.Size())
	}
}
