package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxParts bounds the walk through one image.
const maxParts = 10_000

// Parts is what of an image is on this node.
type Parts struct {
	Root      digest.Digest
	Blobs     []Info   // each once, Root first
	Platforms []string // of which everything is there; sorted
}

// Parts follows an image's manifests. What is not there, as other platforms are
// not, is left out.
func (b *Base) Parts(ctx context.Context, image string) (Parts, error) {
	ctx, cancel := b.call(ctx, callTimeout)
	defer cancel()
	img, err := b.services.Images.Get(ctx, image)
	if err != nil {
		return Parts{}, translate(err)
	}
	w := parts{store: b.services.Content, seen: map[digest.Digest]bool{}}
	if _, err := w.walk(ctx, img.Target); err != nil {
		return Parts{}, fmt.Errorf("parts of %s: %w", image, err)
	}
	slices.Sort(w.platforms)
	return Parts{img.Target.Digest, w.blobs, slices.Compact(w.platforms)}, nil
}

// parts is one walk.
type parts struct {
	store     content.Store
	seen      map[digest.Digest]bool // whether all below it is there
	blobs     []Info
	platforms []string
}

// walk notes d and what is below it, and tells whether all of it is there.
func (w *parts) walk(ctx context.Context, d ocispec.Descriptor) (whole bool, err error) {
	if whole, known := w.seen[d.Digest]; known {
		return whole, nil
	}
	if len(w.seen) == maxParts {
		return false, fmt.Errorf("it has more than %d", maxParts)
	}
	w.seen[d.Digest] = false
	info, err := w.store.Info(ctx, d.Digest)
	if err = translate(err); errors.Is(err, ErrNotFound) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	w.blobs = append(w.blobs, Info{d.Digest, info.Size})
	if whole, err = w.below(ctx, d); err != nil {
		return false, err
	}
	w.seen[d.Digest] = whole
	if whole && images.IsManifestType(d.MediaType) {
		err = w.complete(ctx, d)
	}
	return whole, err
}

func (w *parts) below(ctx context.Context, d ocispec.Descriptor) (whole bool, err error) {
	if !images.IsIndexType(d.MediaType) && !images.IsManifestType(d.MediaType) {
		return true, nil
	}
	children, err := images.Children(ctx, w.store, d)
	if err != nil {
		return false, translate(err)
	}
	whole = true
	for _, child := range children {
		is, err := w.walk(ctx, child)
		if err != nil {
			return false, err
		}
		whole = whole && is
	}
	return whole, nil
}

// complete notes the platform of a manifest that is there with everything.
func (w *parts) complete(ctx context.Context, d ocispec.Descriptor) error {
	found, err := images.Platforms(ctx, w.store, d)
	if err != nil {
		return translate(err)
	}
	for _, p := range found {
		if p.OS != "unknown" { // attestations are filed under it
			w.platforms = append(w.platforms, platforms.Format(platforms.Normalize(p)))
		}
	}
	return nil
}
