package storetest

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Random makes n bytes, the same ones for the same seed.
func Random(seed uint64, n int) []byte {
	b := make([]byte, n)
	for i, r := 0, rand.NewPCG(seed, 0); i < n; i++ {
		b[i] = byte(r.Uint64())
	}
	return b
}

// Ref is the name under which containerd ingests the layer d.
func Ref(d digest.Digest) string { return "layer-" + d.String() }

func descriptor(d digest.Digest, size int) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayerGzip, Digest: d, Size: int64(size)}
}

// Put commits a blob that garbage collection spares, and returns its digest.
func Put(t *testing.T, s Store, data []byte) digest.Digest {
	t.Helper()
	return put(s.WithContext(t.Context()), t, s, data, map[string]string{"containerd.io/gc.root": "test"})
}

// PutLoose commits a blob that the next garbage collection takes.
func PutLoose(t *testing.T, s Store, data []byte) digest.Digest {
	t.Helper()
	return put(s.WithContext(t.Context()), t, s, data, nil)
}

func put(ctx context.Context, t *testing.T, s Store, data []byte, labels map[string]string) digest.Digest {
	t.Helper()
	d := digest.FromBytes(data)
	err := content.WriteBlob(ctx, s.ContentStore(), Ref(d), bytes.NewReader(data),
		descriptor(d, len(data)), content.WithLabels(labels))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Delete deletes a blob by name, as a user of containerd can.
func Delete(t *testing.T, s Store, d digest.Digest) {
	t.Helper()
	if err := s.ContentStore().Delete(s.WithContext(t.Context()), d); err != nil {
		t.Fatal(err)
	}
}

// Tag sets an image name, new or old, to a digest.
func Tag(t *testing.T, s Store, name string, d digest.Digest) {
	t.Helper()
	ctx := s.WithContext(t.Context())
	image := images.Image{Name: name, Target: descriptor(d, 1)}
	if _, err := s.ImageStore().Get(ctx, name); err == nil {
		_, err = s.ImageStore().Update(ctx, image)
		check(t, err)
		return
	}
	_, err := s.ImageStore().Create(ctx, image)
	check(t, err)
}

// Untag removes an image name.
func Untag(t *testing.T, s Store, name string) {
	t.Helper()
	check(t, s.ImageStore().Delete(s.WithContext(t.Context()), name))
}

// Begin opens an ingest for the layer d of some size, and writes its first
// bytes. The caller commits or closes it.
func Begin(t *testing.T, s Store, d digest.Digest, size int, first []byte) content.Writer {
	t.Helper()
	w, err := s.ContentStore().Writer(s.WithContext(t.Context()),
		content.WithRef(Ref(d)), content.WithDescriptor(descriptor(d, size)))
	check(t, err)
	_, err = w.Write(first)
	check(t, err)
	return w
}

// Poison leaves an ingest of d that is full of wrong bytes and whose commit
// has failed, as containerd does when a peer sent them.
func Poison(t *testing.T, s Store, d digest.Digest, wrong []byte) {
	t.Helper()
	w := Begin(t, s, d, len(wrong), wrong)
	if err := w.Commit(s.WithContext(t.Context()), int64(len(wrong)), d); err == nil {
		t.Fatal("wrong bytes were committed")
	}
	_ = w.Close()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
