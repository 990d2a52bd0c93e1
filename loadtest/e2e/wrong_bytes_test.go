package e2e

import (
	"os"
	"slices"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// A bit has flipped in a large layer of the only holder: the wrong is known
// when the last byte has come, too late to save this pull. Nothing wrong is
// committed, the holder leaves the answers, and the next pull works by itself.
func TestWrongBytesAreNeverCommitted(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 6, Layers: []int64{30 * MB, 5 * MB, 1000}})
	holder, asker := c.addNode(), c.addNode()
	holder.pull(ref, img)
	c.waitHolders(img, 1, soon)
	flipBit(t, holder, biggest(img))

	err := asker.tryPull(ref)
	t.Logf("the first pull: %v", err)
	asker.checkCommitted(img)
	c.Eventually(soon, "the holder leaves the answers for its wrong layer", func() bool {
		return !slices.Contains(c.holders(biggest(img).Digest), holder.Host.Name)
	})
	for _, p := range img.Parts {
		if p != biggest(img) && !slices.Contains(c.holders(p.Digest), holder.Host.Name) {
			t.Errorf("the holder is no longer named for the %s %s, which is right", p.Kind, p.Digest)
		}
	}
	asker.pull(ref, img)
}

// A small blob is checked before its first byte is passed on: with a second
// holder nobody notices, even without a registry.
func TestWrongSmallBlobIsFetchedElsewhere(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 7, Layers: []int64{500_000, 1000}})
	wrong, right, asker := c.addNode(), c.addNode(), c.addNode()
	wrong.pull(ref, img)
	right.pull(ref, img)
	c.waitHolders(img, 2, soon)
	for _, p := range img.Parts {
		flipBit(t, wrong, p)
	}
	c.cutRegistry(ref)
	asker.pull(ref, img)
}

// flipBit changes the file behind containerd's back, as a bad disk would.
func flipBit(t *testing.T, n *node, p imagekit.Part) {
	t.Helper()
	f, err := os.OpenFile(n.BlobPath(p), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, p.Size/2); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 1
	if _, err := f.WriteAt(b, p.Size/2); err != nil {
		t.Fatal(err)
	}
}

// checkCommitted hashes what is there of the image.
func (n *node) checkCommitted(img *imagekit.Image) {
	n.cluster.t.Helper()
	there := img.Parts[:0:0]
	for _, p := range img.Parts {
		if _, err := os.Stat(n.BlobPath(p)); err == nil {
			there = append(there, p)
		}
	}
	if err := n.Check(&imagekit.Image{Parts: there}); err != nil {
		n.cluster.t.Errorf("committed: %v", err)
	}
}
