package e2e

import (
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// The seeder dies under its containerd in the middle of a layer: containerd
// finishes from the registry. The seeder comes back and is known for what its
// node holds.
func TestPullSurvivesItsOwnSeeder(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 8, Layers: []int64{60 * MB, 1 * MB, 1000}})
	holder, asker := c.addNode(), c.addNode()
	holder.pull(ref, img)
	c.waitHolders(img, 1, soon)
	holder.Host.SetRate(200 * testbed.Mbit)
	sentBefore, registryBefore := holder.Host.Traffic(), c.registry.Host.Traffic()

	wait := asker.startPull(ref)
	holder.Host.WaitSent(sentBefore, 15*MB, soon)
	asker.seeder.Kill()
	fromHolder := holder.Host.Traffic().Sub(sentBefore).Sent
	if err := wait(); err != nil {
		t.Fatalf("the seeder was killed after %d MB: %v", fromHolder/MB, err)
	}
	if err := asker.Check(img); err != nil {
		t.Fatal(err)
	}
	fromRegistry := c.registry.Host.Traffic().Sub(registryBefore).Sent
	t.Logf("%d MB came from the holder, %d MB from the registry", fromHolder/MB, fromRegistry/MB)
	if fromHolder >= biggest(img).Size || fromRegistry == 0 {
		t.Error("the seeder was killed too late to prove anything")
	}

	c.waitHolders(img, 1, soon) // the tracker has given the dead seeder up
	begin := time.Now()
	asker.startSeeder()
	c.waitHolders(img, 2, busy(2*time.Second))
	t.Logf("known again %s after its start", time.Since(begin).Round(time.Millisecond))
}
