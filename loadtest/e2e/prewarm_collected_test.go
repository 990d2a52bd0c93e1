package e2e

import (
	"maps"
	"net/http"
	"os"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// Two nodes get a replica each, for a policy and for a job. Neither the kubelet's
// garbage collection, which asks CRI what is pinned, nor containerd's own takes
// them, while an image that nobody has pinned goes. Once policy and job are gone,
// the replicas go as well.
func TestGarbageCollectionSparesWhatIsPinnedAndTakesWhatIsReleased(t *testing.T) {
	c, img, ref := newPlacing(t, imagekit.Spec{Seed: 850, Layers: []int64{1 * MB, 50_000}})
	warm, warmRef := c.push(imagekit.Spec{Seed: 851, Layers: []int64{1 * MB}})
	plain, plainRef := c.push(imagekit.Spec{Seed: 852, Layers: []int64{20_000}})
	c.addZone("a", 2)
	for _, n := range c.nodes {
		n.pull(plainRef, plain)
	}
	c.nodes[0].pull(ref, img) // what CRI knows already is pinned as well
	c.tracker.want(http.MethodPut, "/policies/base", map[string]any{
		"name": "base", "images": []string{ref}, "factor": 2,
	}, nil)
	c.tracker.want(http.MethodPost, "/jobs", map[string]any{"id": "warm", "images": []string{warmRef}, "pin": true}, nil)
	for _, n := range c.nodes {
		n.waitListed(map[string]bool{ref: true, warmRef: true, plainRef: false})
		n.CollectImages()
		n.waitListed(map[string]bool{ref: true, warmRef: true})
		if n.Has(plainRef) || n.Check(plain) == nil {
			t.Errorf("%s still has the image that nobody has pinned", n.Host.Name)
		}
		for _, kept := range []*imagekit.Image{img, warm} {
			if err := n.Check(kept); err != nil {
				t.Errorf("a pinned image was collected: %v", err)
			}
		}
	}

	c.tracker.want(http.MethodDelete, "/policies/base", nil, nil)
	c.tracker.want(http.MethodDelete, "/jobs/warm", nil, nil)
	for _, n := range c.nodes {
		n.waitListed(map[string]bool{ref: false, warmRef: false})
		n.Collect() // containerd's alone takes nothing that has a name
		if err := n.Check(img); err != nil {
			t.Errorf("what was released was deleted at once: %v", err)
		}
		n.CollectImages()
		n.waitListed(map[string]bool{})
		for _, p := range append(img.Layers(), warm.Layers()...) {
			if n.hasBlob(p) {
				t.Errorf("%s still has the layer %s of what was released", n.Host.Name, p.Digest)
			}
		}
	}
}

// waitListed waits until CRI knows these images, and which of them are pinned.
func (n *node) waitListed(want map[string]bool) {
	n.cluster.t.Helper()
	var got map[string]bool
	n.cluster.t.Cleanup(func() {
		if n.cluster.t.Failed() {
			n.cluster.t.Logf("CRI of %s has last listed, and whether it is pinned: %v; want %v", n.Host.Name, got, want)
		}
	})
	n.cluster.Eventually(placed, "CRI of "+n.Host.Name+" knows what is pinned", func() bool {
		got = n.Listed()
		return maps.Equal(got, want)
	})
}

func (n *node) hasBlob(p imagekit.Part) bool {
	_, err := os.Stat(n.BlobPath(p))
	return err == nil
}
