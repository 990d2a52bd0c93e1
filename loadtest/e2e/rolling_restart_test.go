package e2e

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// Every seeder is restarted, one after the other, while two nodes pull images
// without a pause. Not one pull fails, and the registry is needed only by a node
// that is without its own seeder: for all others it is cut off.
func TestARollingRestartIsFeltByNoPull(t *testing.T) {
	c, images := newRolling(t, 4)
	holders, clients := c.nodes[:2], c.nodes[2:]
	var gluttons []*glutton
	for i, n := range clients {
		gluttons = append(gluttons, n.keepPulling(images[i*2:i*2+2]))
	}
	for _, w := range gluttons {
		w.waitPulls(time.Now(), 4)
	}
	restarted := time.Now()
	for _, n := range holders {
		n.restartSeeder(images)
		for _, w := range gluttons {
			w.waitPulls(time.Now(), 1)
		}
	}
	for _, w := range gluttons {
		w.restart(images)
	}
	var before, during []time.Duration
	for _, w := range gluttons {
		w.end()
		b, d := w.split(restarted)
		before, during = append(before, b...), append(during, d...)
	}
	compare(t, before, during)
}

// compare bounds what the restarts have cost. That is a matter of milliseconds;
// on a machine that runs other tests, none of it may be one of containerd's own
// time-outs, which begin at 30 s.
func compare(t *testing.T, before, during []time.Duration) {
	t.Helper()
	t.Logf("%d pulls before: median %s, worst %s; %d during the restarts: median %s, worst %s", len(before), median(before), slices.Max(before),
		len(during), median(during), slices.Max(during))
	if median(during) > 2*median(before)+time.Second {
		t.Error("the usual pull is slower by far")
	}
	if slices.Max(during) > 2*slices.Max(before)+5*time.Second {
		t.Error("a pull has waited for a time-out")
	}
}

// newRolling is a cluster of two nodes that hold all of the images and two that
// hold none, with the registry cut off.
func newRolling(t *testing.T, count int) (*cluster, []small) {
	c, _, _ := newCluster(t, imagekit.Spec{Seed: 80, Layers: []int64{1000}})
	var images []small
	for i := range count {
		img, ref := c.push(imagekit.Spec{Seed: uint64(81 + i), Layers: []int64{6 * MB, 500_000}})
		images = append(images, small{img, ref[:strings.LastIndex(ref, ":")] + "@" + img.Digest.String()})
	}
	for range 4 {
		c.addNode("--walk-interval=1s") // it finds what was removed
	}
	var done sync.WaitGroup
	for _, n := range c.nodes[:2] {
		n.Host.SetRate(200 * testbed.Mbit)
		done.Go(func() {
			for _, i := range images {
				if err := n.tryPull(i.ref); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	for _, i := range images {
		c.waitHolders(i.Image, 2, soon)
	}
	c.registry.Host.Unplug()
	return c, images
}

// restartSeeder is what a rolling update does to a node. It returns once the
// tracker names the node again for what it holds.
func (n *node) restartSeeder(images []small) {
	t := n.cluster.t
	t.Helper()
	n.seeder.Terminate(soon)
	if code := n.seeder.ExitCode(); code != 0 {
		t.Errorf("%s: its seeder has ended with %d", n.Host.Name, code)
	}
	n.startSeeder()
	n.seeder.WaitLog("tracker session is up", soon)
	for _, i := range images {
		n.cluster.Eventually(soon, n.Host.Name+" is named again", func() bool {
			return n.Check(i.Image) != nil || slices.Contains(n.cluster.holders(biggest(i.Image).Digest), n.Host.Name)
		})
	}
}
