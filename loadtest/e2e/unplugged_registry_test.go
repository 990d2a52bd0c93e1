package e2e

import (
	"context"
	"sync"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// One node has pulled an image; then the registry is cut off. All others pull
// it at the same time, with either of containerd's clients.
func TestNodesPullFromEachOtherWhileTheRegistryIsUnplugged(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{
		Seed: 1, Layers: []int64{200 * MB, 20 * MB, 5 * MB, 1 * MB, 100_000, 1000},
	})
	n1, n2, n3 := c.addNode(), c.addNode(), c.addNode()
	for _, n := range c.nodes {
		n.Host.SetRate(testbed.Gbit)
	}
	n1.pull(ref, img)
	c.waitHolders(img, 1, soon)

	c.cutRegistry(ref)
	before := []testbed.Traffic{n1.Host.Traffic(), n2.Host.Traffic(), n3.Host.Traffic()}
	pullTogether(t, ref, n2.Pull, n3.PullCRI)

	for i, n := range c.nodes {
		traffic := n.Host.Traffic().Sub(before[i])
		t.Logf("%s has sent %d MB and received %d MB", n.Host.Name, traffic.Sent/MB, traffic.Received/MB)
		if err := n.Check(img); err != nil {
			t.Error(err)
		}
		checkListed(t, n, ref)
	}
	c.waitHolders(img, 3, soon)
}

func pullTogether(t *testing.T, ref string, pulls ...func(context.Context, string) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), pullDeadline)
	defer cancel()
	var all sync.WaitGroup
	for _, pull := range pulls {
		all.Go(func() {
			if err := pull(ctx, ref); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// checkListed asks both of containerd's clients for the image.
func checkListed(t *testing.T, n *node, ref string) {
	t.Helper()
	if !n.Has(ref) {
		t.Errorf("%s: ctr doesn't list the image", n.Host.Name)
	}
	n.cluster.Eventually(soon, n.Host.Name+": CRI lists the image", func() bool {
		has, err := n.HasCRI(t.Context(), ref)
		return has && err == nil
	})
}
