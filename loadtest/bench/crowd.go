package bench

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/drayproject/dray/loadtest/figures"
	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

const (
	crowdSize = 8
	mib       = 1 << 20

	maxSent = 2.05 // copies from the holder to two children, headers included
)

// crowdCase is one way in which all nodes come to want the same image.
type crowdCase struct {
	key    string // for the command line
	name   string
	seed   uint64
	layers []int64

	staggered bool // they come one by one while the first is getting it; otherwise all at once
	warm      bool // one node has it already, and the registry is cut off
	loss      bool // a node that has children is killed when half of it has come

	within float64 // target: times the least that the links allow; 0: none
}

// Without Dray a warm crowd is a cold one: nobody asks the node that has it.
var crowdCases = []crowdCase{
	{key: "big", name: "cold, 1 × 256 MiB", seed: 81, layers: equal(1, 256*mib), within: 1.25},
	{key: "layers", name: "cold, 8 × 32 MiB", seed: 82, layers: equal(8, 32*mib)},
	{key: "small", name: "cold, 20 × 1 MiB", seed: 83, layers: equal(20, mib)},
	{key: "arrivals", name: "one by one, 1 × 64 MiB", seed: 84, layers: equal(1, 64*mib), staggered: true, within: 1.25},
	{key: "warm", name: "warm, 1 × 256 MiB", seed: 85, layers: equal(1, 256*mib), warm: true, within: 1.25},
	{key: "loss", name: "an inner node lost, 1 × 64 MiB", seed: 86, layers: equal(1, 64*mib), loss: true},
}

func equal(count int, size int64) []int64 {
	layers := make([]int64, count)
	for i := range layers {
		layers[i] = size
	}
	return layers
}

// measureCrowd has eight nodes pull what none of them has ever seen, from each
// other and then, with no mirror in containerd's settings, from the registry.
// Each case has a bed of its own: nobody remembers anything.
func measureCrowd(t testbed.T, r *Report) {
	for range r.Rounds {
		for _, k := range crowdCases {
			if len(r.crowdCases) > 0 && !slices.Contains(r.crowdCases, k.key) {
				continue
			}
			t.Logf("%s …", k.name)
			err := testbed.Run(t.Context(), logTo{t}, func(t testbed.T) { k.measure(t, r) })
			if err != nil {
				t.Fatalf("%s: %w", k.name, err)
			}
		}
	}
}

// logTo makes the bed of one case tell what it has to tell to the whole run.
type logTo struct{ testbed.T }

func (l logTo) Write(p []byte) (int, error) {
	l.Logf("%s", bytes.TrimRight(p, "\n"))
	return len(p), nil
}

func (k crowdCase) measure(t testbed.T, r *Report) {
	c := newCrowd(t, k, r.crowdRate)
	nodes := c.nodes
	switch {
	case k.loss:
		c.noteLoss(r)
		return // what it costs is a matter of what would have been without the loss
	case k.warm:
		nodes = nodes[1:]
		c.noteWarm(r)
	default:
		before := c.registry.Host.Traffic()
		c.pullAll(nodes).note(r, k.name+", Dray", k.within)
		r.note(k.name+", Dray, registry sent", "copies", atMost(1.2), c.copies(c.registry.Host, before))
	}
	c.withoutDray()
	before := c.registry.Host.Traffic()
	c.pullAll(nodes).note(r, k.name+", registry alone", 0)
	r.note(k.name+", registry alone, registry sent", "copies", nil, c.copies(c.registry.Host, before))
}

// noteWarm counts what the one holder sends.
func (c *crowd) noteWarm(r *Report) {
	holder, others := c.nodes[0], c.nodes[1:]
	c.registry.Host.Unplug()
	defer c.registry.Host.Plug()
	before := holder.Host.Traffic()
	c.pullAll(others).note(r, c.name+", Dray", c.within)
	r.note(c.name+", Dray, holder sent", "copies", atMost(maxSent), c.copies(holder.Host, before))
}

func (c *crowd) copies(h *testbed.Host, since testbed.Traffic) float64 {
	return float64(h.Traffic().Sub(since).Sent) / float64(c.image.Size())
}

// crowdTimes are those of the slowest node.
type crowdTimes struct {
	got, unpacked time.Duration // since it began to pull
	over          float64       // got, counted from the first one's begin, over what the links allow
}

// note has the target on what Dray does: that all is committed. Unpacking takes
// its time on two cores, with Dray or without.
func (s crowdTimes) note(r *Report, name string, within float64) {
	var target *figures.Target
	if within > 0 {
		target = atMost(within)
	}
	r.note(name+", slowest has all", "s", nil, s.got.Seconds())
	r.note(name+", over image / link rate", "×", target, s.over)
	r.note(name+", slowest has unpacked it", "s", nil, s.unpacked.Seconds())
}

// crowdImage has the image of a case ready.
func crowdImage(t testbed.T, k crowdCase) *imagekit.Image {
	t.Helper()
	img, err := imagekit.Build(testbed.Cache("images"), imagekit.Spec{Seed: k.seed, Layers: k.layers})
	if err != nil {
		t.Fatalf("%w", err)
	}
	return img
}

func (k crowdCase) repository() string { return fmt.Sprintf("bench/crowd:%d", k.seed) }
func (k crowdCase) ref() string        { return linkRegistry + "/" + k.repository() }

func caseKeys() []string {
	all := make([]string, len(crowdCases))
	for i, k := range crowdCases {
		all[i] = k.key
	}
	return all
}
