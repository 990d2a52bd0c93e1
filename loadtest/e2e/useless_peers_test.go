package e2e

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// The tracker still names a holder that is gone, or is something else by now.
// The mirror says 404, and containerd takes everything from the registry.
func TestUselessPeersSendContainerdUpstream(t *testing.T) {
	for name, spoil := range map[string]func(holder *node){
		"killed":    func(n *node) { n.seeder.Kill() },
		"unplugged": func(n *node) { n.Host.Unplug() },
		"frozen":    func(n *node) { n.seeder.Pause() },
		"answers 500": func(n *node) {
			replace(n, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
		},
		"answers a web page": func(n *node) {
			replace(n, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>It works!</html>") })
		},
		"hangs up": func(n *node) {
			replace(n, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		},
		"promises more than it sends": func(n *node) {
			replace(n, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100000")
				_, _ = io.WriteString(w, "that's all")
			})
		},
	} {
		t.Run(name, func(t *testing.T) { useless(t, spoil) })
	}
}

// replace has another program answer on the peer port of the node.
func replace(n *node, h http.HandlerFunc) {
	n.seeder.Kill()
	n.Host.Serve(n.Host.At(testbed.PeerPort), h)
}

// atOnce is beyond the half second that the fetcher waits for silent peers, and
// far from the 30 s after which containerd would go on by itself.
const atOnce = 1500 * time.Millisecond

func useless(t *testing.T, spoil func(*node)) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 3, Layers: []int64{10 * MB, 1 * MB, 1000}})
	// Long enough for the holder to stay in the tracker's answers.
	c.slowHeartbeats()
	holder, asker := c.addNode(), c.addNode()
	holder.pull(ref, img)
	c.waitHolders(img, 1, soon)

	spoil(holder)
	for _, p := range img.Parts {
		path := "blobs"
		if p.Kind == "index" || p.Kind == "manifest" {
			path = "manifests"
		}
		status, took := asker.ask(path, p.Digest)
		t.Logf("%s: %d after %s", p.Kind, status, took.Round(time.Millisecond))
		if status != http.StatusNotFound || took > atOnce {
			t.Errorf("the mirror's answer for the %s is %d after %s; want 404 at once", p.Kind, status, took)
		}
	}
	before := c.registry.Host.Traffic()
	asker.pull(ref, img)
	if sent := c.registry.Host.Traffic().Sub(before).Sent; sent < img.Size() {
		t.Errorf("the registry has sent %d bytes of %d: where is the rest from?", sent, img.Size())
	}
}
