package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// The tracker breaks while a node has a session with it. Pulls from the
// registry go on; the mirror answers each request without much delay at first,
// and without any once it has understood.
func TestPullsGoOnWhenTheTrackerBreaks(t *testing.T) {
	for name, spoil := range map[string]func(*cluster){
		"killed":           func(c *cluster) { c.tracker.Kill() },
		"unplugged":        func(c *cluster) { c.tracker.host.Unplug() },
		"never answers":    func(c *cluster) { c.tracker.Pause() },
		"answers web page": func(c *cluster) { c.tracker.Kill(); c.tracker.host.Serve(trackerAddr, page) },
		"hangs up":         func(c *cluster) { c.tracker.Kill(); hangUp(c.tracker.host.Listen(trackerAddr)) },
	} {
		t.Run(name, func(t *testing.T) {
			c, img, ref := newCluster(t, imagekit.Spec{Seed: 4, Layers: []int64{10 * MB, 1000}})
			puller, asker := c.addNode(), c.addNode()
			for _, n := range c.nodes {
				n.seeder.WaitLog("tracker session is up", soon)
			}
			spoil(c)
			puller.pull(ref, img)
			checkDelays(t, asker)
		})
	}
}

// The tracker has never been there.
func TestPullsGoOnWithoutATracker(t *testing.T) {
	for name, spoil := range map[string]func(*cluster){
		"nothing listens": func(*cluster) {},
		"unplugged":       func(c *cluster) { c.tracker.host.Unplug() },
		"never answers":   func(c *cluster) { keepOpen(c.tracker.host.Listen(trackerAddr)) },
		"answers garbage": func(c *cluster) { c.tracker.host.Serve(trackerAddr, page) },
	} {
		t.Run(name, func(t *testing.T) {
			c, img, ref := newCluster(t, imagekit.Spec{Seed: 4, Layers: []int64{10 * MB, 1000}})
			c.tracker.Kill()
			spoil(c)
			puller, asker := c.addNode(), c.addNode()
			puller.pull(ref, img)
			checkDelays(t, asker)
		})
	}
}

var trackerAddr = fmt.Sprintf(":%d", testbed.TrackerPort)

var page = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "<html>It works!</html>")
})

// hangUp accepts connections and closes them.
func hangUp(l net.Listener) {
	go acceptAll(l, func(c net.Conn) { _ = c.Close() })
}

// keepOpen accepts connections and says nothing.
func keepOpen(l net.Listener) {
	var held []net.Conn // out of the garbage collector's reach: it would close them
	go acceptAll(l, func(c net.Conn) { held = append(held, c) })
}

// acceptAll ends when the listener is closed.
func acceptAll(l net.Listener, f func(net.Conn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		f(c)
	}
}

// checkDelays asks the mirror for what nobody has. Once two lookups have failed
// a broken tracker costs nothing more: the usual request is to take less than a
// lookup waits. What the first ones take is logged, and only bounded here: a
// machine that runs other tests adds to it; the announcer's own tests hold it
// to 50 ms of virtual time.
func checkDelays(t *testing.T, n *node) {
	t.Helper()
	const lessThanALookup = 30 * time.Millisecond
	var delays []time.Duration
	for i := range 20 {
		status, took := n.ask("blobs", digest.FromString(fmt.Sprint("nobody has ", i)))
		if status != http.StatusNotFound || took > time.Second {
			t.Errorf("request %d: status %d after %s; want 404 at once", i, status, took)
		}
		delays = append(delays, took)
	}
	t.Logf("delays: %v", delays)
	if usual := median(delays[3:]); usual > lessThanALookup {
		t.Errorf("the tracker is known to be broken, and still a request takes %s", usual)
	}
}

func median(d []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(d))[len(d)/2]
}
