package e2e

import (
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// containerd restarts under the seeder, which finds back by itself: it sees
// what is pulled afterwards, and serves what was there before.
func TestSeederReconnectsToContainerd(t *testing.T) {
	for name, end := range map[string]func(*testbed.Containerd){
		"restarted": (*testbed.Containerd).Stop,
		"killed":    (*testbed.Containerd).Kill,
	} {
		t.Run(name, func(t *testing.T) { restartContainerd(t, end) })
	}
}

func restartContainerd(t *testing.T, end func(*testbed.Containerd)) {
	c, old, oldRef := newCluster(t, imagekit.Spec{Seed: 9, Layers: []int64{3 * MB, 1000}})
	fresh, freshRef := c.push(imagekit.Spec{Seed: 10, Layers: []int64{3 * MB, 1000}})
	n1, n2 := c.addNode("--walk-interval=1h"), c.addNode()
	n1.pull(oldRef, old)
	c.waitHolders(old, 1, soon)

	end(n1.Containerd)
	n1.Start()
	n1.pull(freshRef, fresh)
	c.waitHolders(fresh, 1, soon)
	c.waitHolders(old, 1, soon)
	select {
	case <-n1.seeder.Ended():
		t.Fatal("the seeder has ended with containerd")
	default:
	}

	c.cutRegistry(oldRef, freshRef)
	n2.pull(oldRef, old)
	n2.pull(freshRef, fresh)
}
