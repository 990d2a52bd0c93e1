package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/tracker/admin"
)

// drainOf is how far the drain of a node is.
func (tr *tracker) drainOf(n *node) (d admin.DrainStatus) {
	tr.cluster.t.Helper()
	tr.want(http.MethodGet, "/drains/"+n.Host.Name, nil, &d)
	return d
}

// A node that alone has two images is drained: they are elsewhere when it leaves,
// and it gives until then. One whose time is too short stays, and says what would
// be lost, until somebody decides.
func TestADrainSavesWhatOnlyTheNodeHas(t *testing.T) {
	c, one, first := newPlacing(t, imagekit.Spec{Seed: 810, Layers: []int64{1 * MB, 2 * MB}})
	two, second := c.push(imagekit.Spec{Seed: 811, Layers: []int64{3 * MB}})
	c.addZone("a", 3)
	leaver := c.nodes[0]
	leaver.pull(first, one)
	leaver.pull(second, two)
	c.waitHolders(one, 1, soon)
	c.waitHolders(two, 1, soon)
	c.registry.Host.Unplug() // only the leaver can give them now

	c.tracker.want(http.MethodPost, "/nodes/"+leaver.Host.Name+"/drain?save=true&deadline=1ms", nil, nil)
	c.Eventually(placed, "the drain is blocked", func() bool { return c.tracker.drainOf(leaver).State == "blocked" })
	d := c.tracker.drainOf(leaver)
	t.Log(d.Reason)
	if d.Images != 2 || !strings.Contains(d.Reason, "would be lost") {
		t.Errorf("blocked with %+v", d)
	}
	var n admin.NodeDetail
	if c.tracker.want(http.MethodGet, "/nodes/"+leaver.Host.Name, nil, &n); n.State != "ready" {
		t.Errorf("the node that waits for a decision is %s", n.State)
	}

	c.tracker.want(http.MethodPost, "/nodes/"+leaver.Host.Name+"/drain?save=true&deadline=5m", nil, nil)
	c.Eventually(placed, "the node has left", func() bool { return c.tracker.drainOf(leaver).State == "left" })
	for img, ref := range map[*imagekit.Image]string{one: first, two: second} {
		saved := slices.ContainsFunc(c.nodes[1:], func(n *node) bool { return n.Has(ref) && n.Check(img) == nil })
		if !saved {
			t.Errorf("%s left, and nobody else has %s", leaver.Host.Name, ref)
		}
	}
	if c.tracker.want(http.MethodGet, "/nodes/"+leaver.Host.Name, nil, &n); n.State != "draining" {
		t.Errorf("the node that left is %s", n.State)
	}
	c.tracker.want(http.MethodPost, "/nodes/"+leaver.Host.Name+"/undrain", nil, nil)
	c.Eventually(soon, "the node is back", func() bool {
		c.tracker.want(http.MethodGet, "/nodes/"+leaver.Host.Name, nil, &n)
		return n.State == "ready"
	})
}
