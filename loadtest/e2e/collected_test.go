package e2e

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

var collectable = imagekit.Spec{Seed: 5, Layers: []int64{60 * MB, 20 * MB, 1000}}

// Garbage collection sends no event: the next walk sees it.
func TestCollectedContentLeavesTheAnswersWithTheWalk(t *testing.T) {
	c, img, ref := newCluster(t, collectable)
	const walk = time.Second
	holder := c.addNode("--walk-interval=" + walk.String())
	holder.pull(ref, img)
	c.waitHolders(img, 1, soon)
	holder.Remove(ref)
	removed := time.Now()
	c.waitHolders(img, 0, walk+busy(time.Second))
	t.Logf("gone from the answers %s after it was removed; walks are %s apart", time.Since(removed), walk)
}

// Between two walks, the first neighbour that asks in vain takes it out. Here
// the files go behind everybody's back: no event, and no walk for an hour.
func TestVanishedContentLeavesTheAnswersWithTheFirstMiss(t *testing.T) {
	c, img, ref := newCluster(t, collectable)
	holder, asker := c.addNode("--walk-interval=1h"), c.addNode()
	holder.pull(ref, img)
	c.waitHolders(img, 1, soon)
	for _, layer := range img.Layers() {
		if err := os.Remove(holder.BlobPath(layer)); err != nil {
			t.Fatal(err)
		}
		if status, took := asker.ask("blobs", layer.Digest); status != http.StatusNotFound {
			t.Errorf("status %d after %s; want 404", status, took)
		}
		c.Eventually(busy(time.Second), fmt.Sprintf("%s leaves the answers", layer.Digest), func() bool {
			return len(c.holders(layer.Digest)) == 0
		})
	}
}

// The content goes while a neighbour is pulling it. What the neighbour has
// begun to read it gets to the end, the rest comes from the registry.
func TestPullThatRacesWithCollectionCompletes(t *testing.T) {
	c, img, ref := newCluster(t, collectable)
	holder, asker := c.addNode(), c.addNode()
	holder.pull(ref, img)
	c.waitHolders(img, 1, soon)
	holder.Host.SetRate(200 * testbed.Mbit)
	before := holder.Host.Traffic()
	wait := asker.startPull(ref)
	holder.Host.WaitSent(before, 5*MB, soon)
	holder.Remove(ref)
	at := holder.Host.Traffic().Sub(before).Sent
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MB were sent when it was removed, %d MB in all", at/MB, holder.Host.Traffic().Sub(before).Sent/MB)
	if at > img.Size() {
		t.Errorf("nothing raced: all was sent before the content went")
	}
	if err := asker.Check(img); err != nil {
		t.Error(err)
	}
}

// busy gives a promised time some room on a machine that runs other tests.
func busy(promised time.Duration) time.Duration { return promised + 2*time.Second }
