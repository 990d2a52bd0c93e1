package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// Two holders have a quarter of the reader's link each, and the registry is out of
// reach: both of them together are half as fast again as one, at least. What one
// takes is measured in the same bed, with a reader that asks one at a time.
func TestTwoSlowHoldersSendTogether(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 80, Layers: []int64{56 * MB}})
	a, b := c.addNode(), c.addNode()
	a.pull(ref, img)
	b.pull(ref, img)
	c.waitHolders(img, 2, soon)
	c.cutRegistry(ref)
	a.Host.SetRate(50 * testbed.Mbit)
	b.Host.SetRate(50 * testbed.Mbit)

	timed := func(flags ...string) (time.Duration, *node) {
		n := c.addNode(flags...)
		n.Host.SetRate(200 * testbed.Mbit)
		n.seeder.WaitLog("tracker session is up", soon)
		ctx, cancel := context.WithTimeout(t.Context(), pullDeadline)
		defer cancel()
		began := time.Now()
		if err := n.Fetch(ctx, ref); err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		if err := n.Check(img); err != nil {
			t.Fatal(err)
		}
		return took, n
	}
	one, first := timed("--fetch-sources=1")
	first.seeder.Terminate(soon) // it would be a third holder
	c.waitHolders(img, 2, soon)
	before := map[*node]testbed.Traffic{a: a.Host.Traffic(), b: b.Host.Traffic()}
	two, _ := timed()
	for n, was := range before {
		t.Logf("%s sent %d MB", n.Host.Name, n.Host.Traffic().Sub(was).Sent/MB)
	}
	t.Logf("%s from one holder, %s from two: %.2f times as fast", one.Round(time.Millisecond), two.Round(time.Millisecond), float64(one)/float64(two))
	if float64(one) < 1.5*float64(two) {
		t.Errorf("two holders are %.2f times as fast as one; want 1.5", float64(one)/float64(two))
	}
}
