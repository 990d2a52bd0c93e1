package e2e

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// slower is by how much a pull may be slower beside replication. It is 1.1 by
// promise, on a machine that does nothing else.
const slower = 1.25

// rounds is how often each kind of pull is made. DRAY_TEST_ROUNDS has it be
// another number.
func rounds() int64 { return setting("DRAY_TEST_ROUNDS", 3) }

func setting(name string, usual int64) int64 {
	n, err := strconv.ParseInt(os.Getenv(name), 10, 64)
	if err != nil || n < 1 {
		return usual
	}
	return n
}

// A node pulls from the only holder of an image, which at the same time sends
// another image to a neighbour that replicates it; then the puller replicates it
// itself. Replication has no bound of its own. The pulls take hardly longer than
// the same pull alone. DRAY_TEST_PULL_MB is the size of the image, 16 unless told.
func TestReplicationGivesWayToPulls(t *testing.T) {
	size := setting("DRAY_TEST_PULL_MB", 16) * MB
	c, img, ref := newPlacingAlone(t, imagekit.Spec{Seed: 860, Layers: []int64{size / 2, size / 2}})
	quarter := (size + rounds()*28*MB) / 4 // of what replication takes beside all pulls, and a good deal more
	big, bigRef := c.push(imagekit.Spec{Seed: 861, Layers: []int64{quarter, quarter, quarter, quarter}})
	c.addZone("a", 3)
	holder, other, puller := c.nodes[0], c.nodes[1], c.nodes[2]
	holder.pull(ref, img)
	holder.pull(bigRef, big)
	c.waitHolders(img, 1, soon)
	c.waitHolders(big, 1, soon)
	for _, n := range c.nodes {
		n.Host.SetRate(100 * testbed.Mbit)
	}
	before := c.registry.Host.Traffic()
	var alone, beside, within []time.Duration
	for i := range rounds() {
		alone = append(alone, puller.timedPull(ref))
		beside = append(beside, c.whileReplicating(other, bigRef, big, fmt.Sprintf("other-%d", i), func() time.Duration { return puller.timedPull(ref) }))
		within = append(within, c.whileReplicating(puller, bigRef, big, fmt.Sprintf("self-%d", i), func() time.Duration { return puller.timedPull(ref) }))
	}
	wantAlike(t, "while the holder sends to another", beside, alone)
	wantAlike(t, "while the puller replicates", within, alone)
	c.wantCopies(c.registry.Host, before, img, 0.1) // all came from the holder
}

// wantAlike shows the ratio of the medians. What fails the test is that of the
// quickest pulls: only the others are at the mercy of what else this machine does.
func wantAlike(t *testing.T, what string, took, alone []time.Duration) {
	t.Helper()
	usual := float64(median(took)) / float64(median(alone))
	best := float64(slices.Min(took)) / float64(slices.Min(alone))
	t.Logf("%s: %.3f times as long as alone (medians of %d: %s and %s); the quickest %.3f times", what, usual, len(took), median(took), median(alone), best)
	if best > slower {
		t.Errorf("%s a pull takes %v; alone %v", what, took, alone)
	}
}

// timedPull pulls an image, and removes it again.
func (n *node) timedPull(ref string) time.Duration {
	n.cluster.t.Helper()
	began := time.Now()
	if err := n.tryPull(ref); err != nil {
		n.cluster.t.Fatal(err)
	}
	took := time.Since(began)
	n.Remove(ref)
	return took
}

// whileReplicating measures while a node gets an image for the trackers. It goes
// on for longer than that, and is then given up.
func (c *cluster) whileReplicating(n *node, ref string, img *imagekit.Image, job string, measure func() time.Duration) time.Duration {
	c.t.Helper()
	before := n.Host.Traffic()
	c.tracker.want(http.MethodPost, "/jobs", map[string]any{
		"id": job, "images": []string{ref}, "select": map[string]any{"nodes": []string{n.Host.Name}},
	}, nil)
	c.Eventually(placed, n.Host.Name+" replicates", func() bool { return n.Host.Traffic().Sub(before).Received > 2*MB })
	took := measure()
	if there := n.onDisk(img); there == img.Size() {
		c.t.Errorf("%s was done before the pull: nothing was measured", n.Host.Name)
	}
	c.tracker.want(http.MethodDelete, "/jobs/"+job, nil, nil)
	c.Eventually(placed, n.Host.Name+" has stopped", func() bool {
		_, err := c.tracker.admin(http.MethodGet, "/jobs/"+job, nil, nil)
		return err != nil && n.idle()
	})
	return took
}

// idle says that all tasks that the node has begun are over.
func (n *node) idle() bool {
	return n.metric(`dray_seeder_work_tasks\{phase="pulling"\}`) == "0"
}
