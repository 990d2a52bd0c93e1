package e2e

import (
	"net/http"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// A job gets an image so slowly that it takes four minutes. Somebody who pulls the
// same image does not wait for that: neither on the same node, where containerd
// leaves each layer to the one who is writing it, nor on another, which is sent to
// the first one for it.
func TestAPullDoesNotWaitForSlowBackgroundWork(t *testing.T) {
	for name, on := range map[string]int{"on the same node": 0, "on another": 1} {
		t.Run(name, func(t *testing.T) {
			c, img, ref := newPlacing(t, imagekit.Spec{Seed: 890 + uint64(on), Layers: []int64{32 * MB, 32 * MB}})
			c.addZone("a", 2)
			worker, puller := c.nodes[0], c.nodes[on]
			before := c.registry.Host.Traffic()
			c.tracker.want(http.MethodPost, "/jobs", map[string]any{
				"id": "slow", "images": []string{ref},
				"select": map[string]any{"nodes": []string{worker.Host.Name}},
				"budget": map[string]any{"rate_per_node": 1 << 18},
			}, nil)
			c.Eventually(placed, "it is on its way", func() bool { return worker.onDisk(img) > 500_000 })
			began := time.Now()
			puller.pull(ref, img) // within its deadline
			t.Logf("the pull took %s", time.Since(began).Round(time.Millisecond))
			c.Eventually(placed, "the job is over", func() bool {
				d, _ := c.tracker.job("slow")
				return d.State == "over" && d.Done == 1
			})
			// Who pulls may ask the registry before the first one is quick.
			c.wantCopies(c.registry.Host, before, img, 2.1)
		})
	}
}
