package testbed_test

import (
	"strings"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

const ref = "registry.test/testbed:1"

// node is a bed with a registry that has an image and a containerd that knows
// the registry.
func node(t *testing.T) (*testbed.Registry, *testbed.Containerd, *imagekit.Image) {
	b := bed(t)
	img, err := imagekit.Build(testbed.Cache("images"), imagekit.Spec{Seed: 1, Layers: []int64{1000, 1 << 20, 20 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	reg := b.Registry(b.Host("registry"))
	reg.Push("testbed:1", img)
	n := b.Containerd(b.Host("n1"))
	n.Mirror("registry.test", reg.URL)
	return reg, n, img
}

func TestContainerdPullsFromTheRegistry(t *testing.T) {
	t.Parallel()
	reg, n, img := node(t)
	before := reg.Host.Traffic()
	if err := n.Pull(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	if err := n.Check(img); err != nil {
		t.Error(err)
	}
	if sent := reg.Host.Traffic().Sub(before).Sent; sent < img.Size() || sent > img.Size()*11/10 {
		t.Errorf("the registry has sent %d bytes for an image of %d", sent, img.Size())
	}
	if !n.Has(ref) {
		t.Error("ctr doesn't list the image")
	}
	if has, err := n.HasCRI(t.Context(), ref); err != nil || !has {
		t.Errorf("CRI doesn't know the image: %v, %v", has, err)
	}
}

func TestCRIPullsFromTheRegistryAndRestartKeepsTheImage(t *testing.T) {
	t.Parallel()
	_, n, img := node(t)
	if err := n.PullCRI(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	n.Stop()
	n.Start()
	if has, err := n.HasCRI(t.Context(), ref); err != nil || !has {
		t.Errorf("CRI doesn't know the image: %v, %v", has, err)
	}
	if err := n.Check(img); err != nil {
		t.Error(err)
	}
}

func TestRemoveCollectsTheContent(t *testing.T) {
	t.Parallel()
	_, n, _ := node(t)
	if err := n.Pull(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	n.Remove(ref)
	if left := n.Blobs(); len(left) > 0 {
		t.Errorf("left in the content store: %v", left)
	}
	if n.Has(ref) {
		t.Error("ctr still lists the image")
	}
}

func TestCheckFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, n, img := node(t)
	err := n.Check(img)
	if err == nil || strings.Count(err.Error(), "no such file") != len(img.Parts) {
		t.Fatalf("got %v; want every part missing", err)
	}
}
