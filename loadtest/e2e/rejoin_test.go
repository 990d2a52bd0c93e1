package e2e

import (
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// A node gets a layer from one whose own parent has a link of 10 Mbit/s, so it
// comes slowly and without a pause. When others turn out to be much faster, the
// tracker says so, and the stream moves.
func TestATrackerMovesAChildOfASlowParent(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 82, Layers: []int64{24 * MB}})
	source, slow, child, fast := c.addNode(), c.addNode(), c.addNode(), c.addNode()
	source.pull(ref, img)
	c.waitHolders(img, 1, soon)
	for _, n := range c.nodes {
		n.seeder.WaitLog("tracker session is up", soon)
	}
	source.Host.SetRate(10 * testbed.Mbit)
	waitSlow := slow.startPull(ref)
	slow.waitReceived(3 * MB)
	waitChild := child.startPull(ref)
	child.waitReceived(1 * MB)

	fast.Mirror(registryName, c.registry.URL)
	fast.Host.SetRate(100 * testbed.Mbit)
	if err := fast.tryPull(ref); err != nil {
		t.Fatal(err)
	}
	if err := waitChild(); err != nil {
		t.Fatal(err)
	}
	if err := child.Check(img); err != nil {
		t.Error(err)
	}
	if got := slow.Host.Traffic().Received; got > biggest(img).Size*9/10 {
		t.Errorf("the slow parent had got %d MB when its child was done", got/MB)
	}
	child.seeder.WaitLog("there is a better parent", soon)
	source.Host.SetRate(0)
	if err := waitSlow(); err != nil {
		t.Error(err)
	}
}
