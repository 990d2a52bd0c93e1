package storetest

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/drayproject/dray/seeder/store"
)

const (
	pinLabel    = "io.cri-containerd.pinned"
	pinnedImage = "example.test/a:1"
)

// image makes an image of one layer, none of whose parts holds another: as on a
// node that discards layers after unpacking, garbage collection takes all but the
// manifest, once release has been called.
func image(t *testing.T, s Store) (parts []digest.Digest, release func()) {
	t.Helper()
	ctx, release, err := s.Lease(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	asJSON := func(v any) []byte {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	blob := func(mediaType string, data []byte) ocispec.Descriptor {
		d := put(ctx, t, s, data, nil)
		parts = append(parts, d)
		return ocispec.Descriptor{MediaType: mediaType, Digest: d, Size: int64(len(data))}
	}
	layer := blob(ocispec.MediaTypeImageLayer, Random(1, 3000))
	config := blob(ocispec.MediaTypeImageConfig, asJSON(ocispec.Image{Platform: ocispec.Platform{OS: "linux", Architecture: "arm64"}}))
	manifest := blob(ocispec.MediaTypeImageManifest, asJSON(ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest,
		Config: config, Layers: []ocispec.Descriptor{layer, layer},
	}))
	made := images.Image{Name: pinnedImage, Target: manifest, Labels: map[string]string{"kept": "yes"}}
	if _, err := s.ImageStore().Create(s.WithContext(t.Context()), made); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(parts)
	return parts, release
}

func partsOf(t *testing.T, s Subject) {
	want, release := image(t, s)
	defer release()
	got, err := s.Parts(t.Context(), pinnedImage)
	if err != nil {
		t.Fatal(err)
	}
	var digests []digest.Digest
	for _, b := range got.Blobs {
		digests = append(digests, b.Digest)
	}
	slices.Sort(digests)
	if root := want[0]; got.Root != root || got.Blobs[0].Digest != root {
		t.Errorf("root is %s, first %s; want %s", got.Root, got.Blobs[0].Digest, root)
	}
	slices.Sort(want)
	if !slices.Equal(digests, want) || !slices.Equal(got.Platforms, []string{"linux/arm64"}) {
		t.Errorf("got %v of %v; want %v", digests, got.Platforms, want)
	}
}

func partsMissing(t *testing.T, s Subject) {
	if _, err := s.Parts(t.Context(), "example.test/none:1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no image: %v", err)
	}
	parts, release := image(t, s)
	defer release()
	layer := parts[len(parts)-1]
	Delete(t, s, layer)
	got, err := s.Parts(t.Context(), pinnedImage)
	if err != nil || len(got.Platforms) > 0 || len(got.Blobs) != len(parts)-1 {
		t.Errorf("without its layer: %+v, %v", got, err)
	}
}

func pins(t *testing.T, s Subject) {
	parts, release := image(t, s)
	before := get(t, s)
	for range 2 { // again is the same
		if err := s.Pin(t.Context(), pinnedImage, []string{"policy/b", "job/a", "policy/b"}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Pins(t.Context())
	want := []store.Pin{{Image: pinnedImage, Digest: parts[0], Owners: []string{"job/a", "policy/b"}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	now := get(t, s)
	if now.Labels[pinLabel] != "pinned" || now.Labels["kept"] != "yes" || !now.UpdatedAt.Equal(before.UpdatedAt) {
		t.Errorf("pinned: %v, %v; before %v", now.Labels, now.UpdatedAt, before.UpdatedAt)
	}
	release()
	collect(t, s)
	expectThere(t, s, parts, true)
}

func unpins(t *testing.T, s Subject) {
	parts, release := image(t, s)
	if err := s.Pin(t.Context(), pinnedImage, []string{"policy/a"}); err != nil {
		t.Fatal(err)
	}
	release()
	for range 2 {
		if err := s.Unpin(t.Context(), pinnedImage); err != nil {
			t.Fatal(err)
		}
	}
	if now := get(t, s); !reflect.DeepEqual(now.Labels, map[string]string{"kept": "yes"}) {
		t.Errorf("unpinned: %v", now.Labels)
	}
	if all, err := s.Pins(t.Context()); len(all) > 0 || err != nil {
		t.Errorf("pins are %v, %v", all, err)
	}
	collect(t, s)
	expectThere(t, s, parts[1:], false)
	expectThere(t, s, parts[:1], true) // the image itself is not deleted
}

func unpinsGone(t *testing.T, s Subject) {
	parts, release := image(t, s)
	if err := s.Pin(t.Context(), pinnedImage, []string{"policy/a"}); err != nil {
		t.Fatal(err)
	}
	release()
	if err := s.ImageStore().Delete(s.WithContext(t.Context()), pinnedImage); err != nil {
		t.Fatal(err)
	}
	if err := s.Unpin(t.Context(), pinnedImage); err != nil {
		t.Fatal(err)
	}
	collect(t, s)
	expectThere(t, s, parts, false)
}

// A pull by CRI puts its own labels in place of all that were there.
func pinsLosesLabels(t *testing.T, s Subject) {
	parts, release := image(t, s)
	if err := s.Pin(t.Context(), pinnedImage, []string{"policy/a"}); err != nil {
		t.Fatal(err)
	}
	release()
	img := get(t, s)
	img.Labels = map[string]string{"theirs": "yes"}
	if _, err := s.ImageStore().Update(s.WithContext(t.Context()), img); err != nil {
		t.Fatal(err)
	}
	got, err := s.Pins(t.Context())
	if want := []store.Pin{{Image: pinnedImage}}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	collect(t, s)
	expectThere(t, s, parts, true)
	if err := s.Unpin(t.Context(), pinnedImage); err != nil {
		t.Fatal(err)
	}
	collect(t, s)
	expectThere(t, s, parts[1:], false)
	if now := get(t, s); !reflect.DeepEqual(now.Labels, map[string]string{"theirs": "yes"}) {
		t.Errorf("released: %v", now.Labels)
	}
}

func pinsOfOthers(t *testing.T, s Subject) {
	_, release := image(t, s)
	defer release()
	img := get(t, s)
	img.Labels = map[string]string{pinLabel: "pinned"}
	if _, err := s.ImageStore().Update(s.WithContext(t.Context()), img, "labels."+pinLabel); err != nil {
		t.Fatal(err)
	}
	for _, owner := range []string{"policy/a", "policy/b"} {
		if err := s.Pin(t.Context(), pinnedImage, []string{owner}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Unpin(t.Context(), pinnedImage); err != nil {
		t.Fatal(err)
	}
	if now := get(t, s); now.Labels[pinLabel] != "pinned" {
		t.Errorf("somebody else's pin is gone: %v", now.Labels)
	}
}

func pinsNothing(t *testing.T, s Subject) {
	if err := s.Pin(t.Context(), "example.test/none:1", []string{"policy/a"}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no image: %v", err)
	}
	_, release := image(t, s)
	defer release()
	if err := s.Pin(t.Context(), pinnedImage, nil); err == nil {
		t.Error("pinned for nobody")
	}
}

func get(t *testing.T, s Store) images.Image {
	t.Helper()
	img, err := s.ImageStore().Get(s.WithContext(t.Context()), pinnedImage)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func collect(t *testing.T, s Subject) {
	t.Helper()
	if err := s.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func expectThere(t *testing.T, s Store, all []digest.Digest, want bool) {
	t.Helper()
	for _, d := range all {
		_, err := s.ContentStore().Info(s.WithContext(t.Context()), d)
		if there := err == nil; there != want {
			t.Errorf("%s is there: %v, %v; want %v", d, there, err, want)
		}
	}
}
