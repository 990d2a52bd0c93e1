package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/tracker/admin"
)

// newPlacingTrackers is a cluster of some trackers with one memory.
func newPlacingTrackers(t *testing.T, trackers int) *cluster {
	t.Helper()
	testbed.Require(t, "redis-server")
	t.Parallel()
	c := newSite(t)
	redis := c.Redis(c.Host("redis"))
	for i := range trackers {
		c.trackers = append(c.trackers, c.startTracker(fmt.Sprintf("t%d", i+1), "--redis="+redis.URL, anyDisk))
	}
	c.logPlacing()
	return c
}

// acting is the tracker that places content, once there is one.
func (c *cluster) acting() (found *tracker) {
	c.t.Helper()
	c.Eventually(placed, "a tracker acts", func() bool {
		for _, tr := range c.trackers {
			var p admin.Placement
			if _, err := tr.admin(http.MethodGet, "/placement", nil, &p); err == nil && p.Acting {
				found = tr
			}
		}
		return found != nil
	})
	return found
}

// lose kills the tracker that acts, and gives another.
func (c *cluster) lose() (other *tracker) {
	c.t.Helper()
	dead := c.acting()
	dead.Kill()
	for _, tr := range c.trackers {
		if tr != dead {
			other = tr
		}
	}
	return other
}

var attempts = regexp.MustCompile(`msg="work task done" task=(\w+) .*attempt=(\d+)`)

// onceEach fails the test if a node did the same attempt twice.
func (c *cluster) onceEach() {
	c.t.Helper()
	for _, n := range c.nodes {
		done := map[string]int{}
		for _, m := range attempts.FindAllSubmatch(n.seeder.Log(), -1) {
			done[string(bytes.Join(m[1:], []byte("#")))]++
		}
		for what, times := range done {
			if times > 1 {
				c.t.Errorf("%s did %s %d times", n.Host.Name, what, times)
			}
		}
	}
}

// The tracker that acts dies in the middle of a policy's copies, of a job, and of
// a drain. Another goes on with each, and nothing is done twice: neither does
// more come over any node's link, nor does a node do an attempt again.
func TestAnotherTrackerGoesOnWithWhatIsUnderWay(t *testing.T) {
	for name, begin := range map[string]func(c *cluster, ref string) (over func(*tracker) bool){
		"policy": func(c *cluster, ref string) func(*tracker) bool {
			c.acting().want(http.MethodPut, "/policies/base", map[string]any{"name": "base", "images": []string{ref}, "factor": 3}, nil)
			return func(tr *tracker) bool { return len(tr.policy("base").Have) == 3 }
		},
		"job": func(c *cluster, ref string) func(*tracker) bool {
			c.acting().want(http.MethodPost, "/jobs", map[string]any{"id": "warm", "images": []string{ref}}, nil)
			return func(tr *tracker) bool {
				var j admin.JobDetail
				_, err := tr.admin(http.MethodGet, "/jobs/warm", nil, &j)
				return err == nil && j.State == "over" && j.Done == 3 && j.Failed == 0
			}
		},
		"drain": func(c *cluster, _ string) func(*tracker) bool {
			c.acting().want(http.MethodPost, "/nodes/n1/drain?save=true&deadline=5m", nil, nil)
			return func(tr *tracker) bool { return tr.drainOf(c.nodes[0]).State == "left" }
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newPlacingTrackers(t, 2)
			img, ref := c.push(imagekit.Spec{Seed: 820, Layers: []int64{8 * MB, 8 * MB}})
			c.addZone("a", 3)
			c.nodes[0].pull(ref, img)
			c.tracker = c.trackers[0]
			c.waitHolders(img, 1, soon)
			for _, n := range c.nodes {
				n.Host.SetRate(20 * testbed.Mbit) // some seconds for a copy
			}
			before := map[*node]testbed.Traffic{}
			for _, n := range c.nodes {
				before[n] = n.Host.Traffic()
			}
			over := begin(c, ref)
			c.Eventually(placed, "it is in the middle", func() bool {
				for _, n := range c.nodes[1:] {
					if n.Host.Traffic().Sub(before[n]).Received > 2*MB {
						return true
					}
				}
				return false
			})
			left, began := c.lose(), time.Now()
			c.Eventually(placed, "another tracker has brought it to its end", func() bool { return over(left) })
			t.Logf("over %s after the tracker's death", time.Since(began).Round(100*time.Millisecond))
			c.onceEach()
			for _, n := range c.nodes[1:] {
				if got := n.Host.Traffic().Sub(before[n]).Received; got > img.Size()*3/2 {
					t.Errorf("%s received %d bytes for an image of %d", n.Host.Name, got, img.Size())
				}
			}
		})
	}
}

// The tracker that acts stands still for longer than its claim lasts. Another acts,
// and the one that wakes does not, though nobody has told it.
func TestATrackerThatStoodStillDoesNotActWhenItWakes(t *testing.T) {
	c := newPlacingTrackers(t, 2)
	first := c.acting()
	first.Pause()
	other := c.trackers[0]
	if other == first {
		other = c.trackers[1]
	}
	acts := func(tr *tracker) bool {
		var p admin.Placement
		tr.want(http.MethodGet, "/placement", nil, &p)
		return p.Acting
	}
	c.Eventually(placed, "another acts", func() bool { return acts(other) })
	first.Resume()
	if acts(first) {
		t.Error("the tracker that stood still acts")
	}
	for range 20 {
		if acts(first) || !acts(other) {
			t.Fatal("the claim went back")
		}
		<-time.After(100 * time.Millisecond)
	}
}
