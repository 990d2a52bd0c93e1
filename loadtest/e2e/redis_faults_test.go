package e2e

import (
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

// Redis breaks and comes back, under lookups. Meanwhile a node pulls something
// new, so that there is something to be written when it is back.
func TestNobodyNoticesThatRedisBreaks(t *testing.T) {
	for name, f := range map[string]fault[*testbed.Redis]{
		"stopped, then empty": {func(r *testbed.Redis) { r.Process.Kill() }, 3 * time.Second, (*testbed.Redis).Start},
		"restarted empty":     {func(r *testbed.Redis) { r.Process.Terminate(soon) }, 0, (*testbed.Redis).Start},
		"frozen":              {func(r *testbed.Redis) { r.Process.Pause() }, time.Minute, func(r *testbed.Redis) { r.Process.Resume() }},
		"flushed":             {(*testbed.Redis).Flush, time.Second, (*testbed.Redis).Flush},
	} {
		t.Run(name, func(t *testing.T) { breakRedis(t, f) })
	}
}

// mended is the time within which Redis is to hold the truth again.
const mended = 30 * time.Second

func breakRedis(t *testing.T, f fault[*testbed.Redis]) {
	c := newReplicated(t, 2)
	layers, layersRef := c.push(manyLayers)
	holder, asker := c.addNode(), c.addNode()
	images := c.pushSmall(2)
	holder.fetch(layersRef)
	holder.fetch(images[0].ref)
	asker.fetch(images[1].ref)
	before := c.truth()
	c.waitKnown(before, soon)
	c.waitRemembered(before, soon)
	asker.waitSessions(2)

	inquiry := asker.inquire(layers)
	begin := time.Now()
	f.begin(c.redis)
	asker.pull(images[0].ref, images[0].Image)
	after := c.truth()
	c.waitKnown(after, soon)
	c.stayKnown(after, f.lasts)
	f.end(c.redis)
	back := time.Now()
	c.stayKnown(after, heartbeat)
	inquiry.check("redis away", begin)
	inquiry.end()
	c.waitRemembered(after, mended)
	t.Logf("Redis holds the truth %s after its return", time.Since(back).Round(time.Millisecond))
	c.stayKnown(after, 0)
}

// stayKnown wants all trackers to tell the truth for this long, at least once.
func (c *cluster) stayKnown(truth holdings, long time.Duration) {
	c.t.Helper()
	for end := time.Now().Add(long); ; <-time.After(100 * time.Millisecond) {
		for _, tr := range c.trackers {
			if err := tr.knows(truth); err != nil {
				c.t.Fatal(err)
			}
		}
		if time.Now().After(end) {
			return
		}
	}
}
