package e2e

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// The holder that is asked first has a flipped bit in the middle of a large layer;
// two others are well, and the registry is cut off. The first pull that meets it
// completes: the piece comes from another holder, before containerd has a byte of it.
// The bad one, and nobody else, is named as corrupt.
func TestWrongBytesInTheMiddleOfALargeLayerCostNoPull(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 91, Layers: []int64{64 * MB, 1000}})
	ref = ref[:strings.LastIndex(ref, ":")] + "@" + img.Digest.String()
	bad, asker := c.addNode("--zone=near"), c.addNode("--zone=near", "--fetch-sources=1") // the bad bit comes from the first
	good := []*node{c.addNode("--zone=far"), c.addNode("--zone=far")}
	for _, n := range append(good, bad) {
		n.pull(ref, img)
		n.Host.SetRate(200 * testbed.Mbit)
	}
	c.waitHolders(img, 3, soon)
	flipBit(t, bad, biggest(img))
	c.registry.Host.Unplug()
	before := bad.Host.Traffic()

	asker.pull(ref, img)
	if sent := bad.Host.Traffic().Sub(before).Sent; sent < biggest(img).Size/2 {
		t.Errorf("the bad holder has sent %d bytes: this proves little", sent)
	}
	c.Eventually(soon, "the bad holder leaves the answers for its wrong layer", func() bool {
		return !slices.Contains(c.holders(biggest(img).Digest), bad.Host.Name)
	})
	for line := range bytes.Lines(asker.seeder.Log()) {
		if bytes.Contains(line, []byte("kind=corrupt")) && !bytes.Contains(line, []byte("peer="+bad.Host.Name+" ")) {
			t.Errorf("somebody else was accused: %s", line)
		}
	}
}
