package puller

import (
	"context"
	"crypto/rand"
	"log/slog"
	"testing"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/drayproject/dray/seeder/store/containerd"
	"github.com/drayproject/dray/seeder/store/embedded"
	"github.com/drayproject/dray/seeder/store/storetest/containerdtest"
)

// testStore is what a test needs of a store beyond what a pull does.
type testStore interface {
	Store
	WithContext(context.Context) context.Context
	Close() error
}

func newEmbedded(t *testing.T) testStore {
	t.Helper()
	s, err := embedded.New(t.Context(), t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newContainerd(t *testing.T) testStore {
	t.Helper()
	c := containerdtest.Start(t)
	s, err := containerd.New(containerd.Config{Address: c.Address, ContentPath: c.ContentPath}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// onEachStore runs a test with the embedded store and with a real containerd.
func onEachStore(t *testing.T, test func(*testing.T, *bed)) {
	t.Helper()
	for name, open := range map[string]func(*testing.T) testStore{"embedded": newEmbedded, "containerd": newContainerd} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newBedOn(t, open(t)))
		})
	}
}

// collectGarbage is over when the garbage is. containerd collects before it
// answers to the deletion of an image, if asked to.
func (b *bed) collectGarbage(t *testing.T) {
	t.Helper()
	if own, ok := b.store.(*embedded.Store); ok {
		if err := own.GarbageCollect(t.Context()); err != nil {
			t.Error(err)
		}
		return
	}
	ctx := b.store.WithContext(t.Context())
	name := "garbage-" + rand.Text() // requests come side by side
	target := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.FromString("none"), Size: 4}
	if _, err := b.store.ImageStore().Create(ctx, images.Image{Name: name, Target: target}); err != nil {
		t.Error(err)
	}
	if err := b.store.ImageStore().Delete(ctx, name, images.SynchronousDelete()); err != nil {
		t.Error(err)
	}
}
