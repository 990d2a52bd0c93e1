package e2e

import (
	"bytes"
	"net/http"
	"slices"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// The registry falls silent to the node that gets a layer for all, in the middle
// of it. All who get it from there stand still, too. That is nobody's fault: none
// of them is suspected, and the others have it from whom they are sent to next.
func TestAStandstillOfTheRegistryMakesNobodySuspect(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 66, Layers: []int64{16 * MB}})
	c.addCrowd(4)
	first, others := c.nodes[0], c.nodes[1:]
	g := newGate(c, first.Host, biggest(img), func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		registry.ServeHTTP(&slowWriter{ResponseWriter: w, request: r, limit: 8 * MB}, r)
	})
	c.slowLinks(g.host)
	for _, n := range c.nodes {
		n.Mirror(registryName, g.url, testbed.MirrorURL)
	}
	ended := first.startPull(ref)
	defer func() { _ = ended() }()
	defer first.Kill() // which ends its pull
	first.waitReceived(2 * MB)
	startPulls(others, ref, img)()
	for line := range bytes.Lines(c.tracker.Log()) {
		if bytes.Contains(line, []byte("reason=report_stall")) {
			t.Errorf("%s", line)
		}
	}
	if !slices.ContainsFunc(others, (*node).noticedStandstill) {
		t.Error("nobody has noticed a standstill: this proves nothing")
	}
}

func (n *node) noticedStandstill() bool {
	return bytes.Contains(n.seeder.Log(), []byte(`msg="parent stood still"`))
}
