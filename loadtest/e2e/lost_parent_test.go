package e2e

import (
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// The holder that is serving goes away in the middle of a layer. The pull goes
// on from the other one: the registry is out of reach, and nobody tries again.
func TestPullSurvivesTheLossOfItsParent(t *testing.T) {
	for name, lose := range map[string]func(*node){
		"killed":    func(n *node) { n.seeder.Kill() },
		"unplugged": func(n *node) { n.Host.Unplug() },
		"frozen":    func(n *node) { n.seeder.Pause() },
	} {
		t.Run(name, func(t *testing.T) { loseParent(t, lose) })
	}
}

func loseParent(t *testing.T, lose func(*node)) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 2, Layers: []int64{100 * MB, 1 * MB, 1000}})
	n1, n2, n3 := c.addNode(), c.addNode(), c.addNode()
	n1.pull(ref, img)
	n2.pull(ref, img)
	c.waitHolders(img, 2, soon)
	c.cutRegistry(ref)
	n1.Host.SetRate(400 * testbed.Mbit)
	n2.Host.SetRate(400 * testbed.Mbit)

	before := map[*node]testbed.Traffic{n1: n1.Host.Traffic(), n2: n2.Host.Traffic()}
	sent := func(n *node) int64 { return n.Host.Traffic().Sub(before[n]).Sent }
	wait := n3.startPull(ref)
	parent, other := n1, n2
	c.Eventually(soon, "a holder is in the middle of the large layer", func() bool {
		if sent(other) > sent(parent) {
			parent, other = other, parent
		}
		return sent(parent) > 20*MB
	})
	lose(parent)
	lost, atLoss := time.Now(), sent(parent)
	if atLoss > biggest(img).Size {
		t.Fatalf("%s had sent all of the layer before it was lost: %d bytes", parent.Host.Name, atLoss)
	}
	if err := wait(); err != nil {
		t.Fatalf("%s was lost after %d MB: %v", parent.Host.Name, atLoss/MB, err)
	}
	t.Logf("%s was lost after %d MB; %s sent %d MB; done %s later",
		parent.Host.Name, atLoss/MB, other.Host.Name, sent(other)/MB, time.Since(lost).Round(time.Millisecond))
	if err := n3.Check(img); err != nil {
		t.Error(err)
	}
	if rest := biggest(img).Size - sent(parent); sent(other) < rest {
		t.Errorf("%s has sent %d bytes; the rest of the layer alone is %d", other.Host.Name, sent(other), rest)
	}
}
