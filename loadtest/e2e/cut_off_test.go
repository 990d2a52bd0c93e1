package e2e

import (
	"testing"
	"time"
)

// One of two trackers is cut off from one of two nodes, and misses what happens
// there: the two disagree. Pulls go on, on either side; when the way is open
// again they agree by themselves.
func TestTrackersAgreeAgainAfterOneWasCutOff(t *testing.T) {
	c := newReplicated(t, 2)
	images := c.pushSmall(4)
	// What is collected after a removal sends no event: walks find it.
	lost, seen := c.addNode("--walk-interval=1s"), c.addNode("--walk-interval=1s")
	for _, n := range c.nodes {
		n.fetch(images[0].ref)
	}
	lost.pull(images[1].ref, images[1].Image)
	c.waitKnown(c.truth(), soon)

	whole, half := c.trackers[0], c.trackers[1]
	lost.Host.Part(half.host)
	lost.pull(images[2].ref, images[2].Image)
	lost.Remove(images[1].ref)
	seen.pull(images[3].ref, images[3].Image)
	<-time.After(5 * time.Second) // more than it takes to die of silence
	truth := c.truth()
	whole.waitKnows(truth, soon)
	if err := half.knows(truth); err == nil {
		t.Error("the trackers agree: nothing was cut off")
	} else {
		t.Logf("disagreement: %v", err)
	}
	seen.pull(images[2].ref, images[2].Image)
	lost.pull(images[3].ref, images[3].Image)

	c.Rejoin()
	begin := time.Now()
	c.waitKnown(c.truth(), soon)
	t.Logf("they agree %s after the way was open again", time.Since(begin).Round(time.Millisecond))
}
