package registry

import (
	"strconv"
	"testing"

	"github.com/opencontainers/go-digest"
)

// What a manifest says of a layer goes along when containerd comes for it, and so
// does the registry.
func TestARequestForALayerSaysItsSizeAndItsRegistry(t *testing.T) {
	doc, children := image(2)
	layer := children[1]
	b := newBed(t)
	m := b.mirror(MirrorConfig{DefaultRegistry: "default.test"})
	blob := "/v2/library/redis/blobs/" + b.swarm.add(layer).String()
	ask(m, "GET", blob)
	ask(m, "GET", manifestPath(b.swarm.add(doc))+"?ns=ghcr.io")
	ask(m, "GET", blob+"?ns=ghcr.io")
	if before := b.swarm.asked[0]; before.Size != 0 || before.Registry != "default.test" {
		t.Errorf("without a manifest: %+v", before)
	}
	if r := b.swarm.manifests[0]; r.Size != 0 || r.Registry != "ghcr.io" {
		t.Errorf("the manifest: %+v", r)
	}
	if r := b.swarm.asked[1]; r.Size != int64(len(layer)) || r.Registry != "ghcr.io" {
		t.Errorf("the layer: %+v", r)
	}
}

func TestSizesAreBoundedAndSound(t *testing.T) {
	var s sizes
	for i := range maxSizes + 10 {
		s.note(descriptor{Digest: digest.FromString(strconv.Itoa(i)), Size: 7})
	}
	s.note(descriptor{Digest: digest.FromString("odd"), Size: -1})
	if len(s.by) > maxSizes || s.of(digest.FromString(strconv.Itoa(maxSizes+9))) != 7 || s.of(digest.FromString("odd")) != 0 {
		t.Errorf("%d are kept", len(s.by))
	}
}
