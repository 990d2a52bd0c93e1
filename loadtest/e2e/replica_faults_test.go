package e2e

import (
	"testing"
	"time"
)

// One of three trackers after the other breaks and comes back, under pulls and
// lookups that never pause. All is to come from the neighbour: the registry is
// out of reach.
func TestNobodyNoticesThatOneOfThreeTrackersBreaks(t *testing.T) {
	for name, f := range map[string]fault[*tracker]{
		"killed":    {(*tracker).Kill, time.Second, func(tr *tracker) { tr.start() }},
		"restarted": {func(tr *tracker) { tr.Terminate(soon) }, 0, func(tr *tracker) { tr.start() }},
		"frozen":    {(*tracker).Pause, 10 * time.Second, (*tracker).Resume},
	} {
		t.Run(name, func(t *testing.T) { breakOneOfThree(t, f) })
	}
}

// fault is one that begins, lasts and ends.
type fault[T any] struct {
	begin func(T)
	lasts time.Duration
	end   func(T)
}

// heartbeat is a little more than the time between two.
const heartbeat = 1200 * time.Millisecond

func breakOneOfThree(t *testing.T, f fault[*tracker]) {
	c := newReplicated(t, 3)
	layers, layersRef := c.push(manyLayers)
	holder, asker := c.addNode(), c.addNode()
	holder.fetch(layersRef)
	images := c.pushSmall(5)
	for _, i := range images {
		holder.fetch(i.ref)
	}
	c.waitKnown(c.truth(), soon)
	asker.waitSessions(3)
	c.registry.Host.Unplug()

	inquiry := asker.inquire(layers)
	waitPulls := asker.pullAll(images)
	begin := time.Now()
	<-time.After(time.Second)
	inquiry.check("before", begin)
	for _, tr := range c.trackers {
		begin := time.Now()
		f.begin(tr)
		<-time.After(f.lasts)
		f.end(tr)
		<-time.After(heartbeat)
		asker.waitSessions(3)
		inquiry.check(tr.host.Name, begin)
	}
	inquiry.end()
	waitPulls()
}

// All trackers are killed. The seeders stand still and say nothing: what the
// trackers know when they start again they have from Redis.
func TestTrackersKnowFromRedisWhatNobodyHasToldThem(t *testing.T) {
	c := newReplicated(t, 2)
	n1, n2 := c.addNode(), c.addNode()
	images := c.pushSmall(3)
	for i, at := range [][]*node{{n1}, {n2}, {n1, n2}} {
		for _, n := range at {
			n.fetch(images[i].ref)
		}
	}
	truth := c.truth()
	c.waitKnown(truth, soon)
	c.waitRemembered(truth, soon)
	for _, n := range c.nodes {
		n.seeder.Pause()
	}
	for _, tr := range c.trackers {
		tr.Kill()
	}
	for _, tr := range c.trackers {
		tr.start()
		begin := time.Now()
		if err := tr.knows(truth); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s tells the truth about %d digests %s after its start", tr.host.Name, len(truth), time.Since(begin).Round(time.Millisecond))
	}
	for _, n := range c.nodes {
		n.seeder.Resume()
	}
	c.waitKnown(truth, soon)
}
