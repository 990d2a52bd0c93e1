package e2e

import (
	"net/http"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/tracker/admin"
)

// A job that unpacks leaves an image that a container can start from at once, and
// of which the kubelet's pull needs no byte any more. Garbage collection spares the
// snapshots as long as the image.
func TestAPrewarmedImageIsReadyForUse(t *testing.T) {
	c, img, ref := newPlacing(t, imagekit.Spec{Seed: 870, Layers: []int64{2 * MB, 1 * MB, 1000}})
	n := c.addNode(anyNodeDisk)
	c.warm(ref, map[string]any{"unpack": true})
	if !n.Unpacked(ref) {
		t.Error("it is not unpacked")
	}
	before := n.Host.Traffic()
	if err := n.PullCRI(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if came := n.Host.Traffic().Sub(before).Received; came > img.Size()/4 {
		t.Errorf("the kubelet's pull took %d bytes from the network", came)
	}
	if n.Collect(); !n.Unpacked(ref) {
		t.Error("garbage collection has taken the snapshots")
	}
}

// Nodes that discard what is unpacked have nothing to give to their neighbours. What
// is pinned stays whole there, and is discarded once it is released.
func TestPinnedLayersAreNotDiscardedAfterUnpacking(t *testing.T) {
	c, pinned, ref := newPlacing(t, imagekit.Spec{Seed: 871, Layers: []int64{1 * MB, 100_000}})
	other, otherRef := c.push(imagekit.Spec{Seed: 872, Layers: []int64{1 * MB}})
	n := c.addNode(anyNodeDisk)
	n.DiscardLayers()
	c.warm(ref, map[string]any{"pin": true, "unpack": true})
	for _, name := range []string{ref, otherRef} {
		if err := n.PullCRI(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	n.Collect()
	c.Eventually(soon, "the layer of the other image is discarded", func() bool { return !n.hasBlob(biggest(other)) })
	n.Forget()
	if err := n.Check(pinned); err != nil {
		t.Errorf("a pinned image has lost some of its parts: %v", err)
	}

	c.tracker.want(http.MethodDelete, "/jobs/warm", nil, nil)
	n.waitListed(map[string]bool{ref: false, otherRef: false})
	c.Eventually(soon, "the released layer is discarded", func() bool { // the lease is the last to go
		n.Forget()
		return !n.hasBlob(biggest(pinned))
	})
}

// warm has a job bring an image to all nodes, and waits until it is there.
func (c *cluster) warm(ref string, more map[string]any) {
	c.t.Helper()
	job := map[string]any{"id": "warm", "images": []string{ref}}
	for key, value := range more {
		job[key] = value
	}
	c.tracker.want(http.MethodPost, "/jobs", job, nil)
	var d admin.JobDetail
	c.Eventually(placed, "the job is over", func() bool {
		d, _ = c.tracker.job("warm")
		return d.State == "over"
	})
	if d.Done != len(c.nodes) {
		c.t.Fatalf("the job ended with %+v", d)
	}
}
