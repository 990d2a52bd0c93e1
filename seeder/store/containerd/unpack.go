package containerd

import (
	"context"
	"fmt"
	"time"

	diffapi "github.com/containerd/containerd/api/services/diff/v1"
	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/diff"
	diffproxy "github.com/containerd/containerd/v2/core/diff/proxy"
	"github.com/containerd/containerd/v2/core/images"
	snapshots "github.com/containerd/containerd/v2/core/snapshots/proxy"
	"github.com/containerd/containerd/v2/pkg/rootfs"
	"github.com/containerd/platforms"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// unpackTimeout bounds the unpacking of one image. Layers of gigabytes take
// minutes on a slow disk.
const unpackTimeout = 30 * time.Minute

// Unpack makes the snapshots of an image's layers, for the platform of this
// machine, so that a container can start from it at once. What is unpacked already
// is left alone.
func (s *Store) Unpack(ctx context.Context, image string) error {
	ctx, release, err := s.Lease(ctx)
	if err != nil {
		return err
	}
	defer release()
	ctx, cancel := context.WithTimeout(ctx, unpackTimeout)
	defer cancel()
	img, err := s.ImageStore().Get(ctx, image)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", image, err)
	}
	layers, config, err := s.layers(ctx, img)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", image, err)
	}
	if err := s.apply(ctx, layers, config); err != nil {
		return fmt.Errorf("unpack %s: %w", image, err)
	}
	return nil
}

// layers pairs each layer with the digest that it has unpacked.
func (s *Store) layers(ctx context.Context, img images.Image) ([]rootfs.Layer, digest.Digest, error) {
	manifest, err := images.Manifest(ctx, s.ContentStore(), img.Target, platforms.Default())
	if err != nil {
		return nil, "", err
	}
	unpacked, err := images.RootFS(ctx, s.ContentStore(), manifest.Config)
	if err != nil {
		return nil, "", err
	}
	if len(unpacked) != len(manifest.Layers) {
		return nil, "", fmt.Errorf("its manifest has %d layers, its configuration %d", len(manifest.Layers), len(unpacked))
	}
	all := make([]rootfs.Layer, len(unpacked))
	for i, blob := range manifest.Layers {
		all[i] = rootfs.Layer{Blob: blob, Diff: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: unpacked[i]}}
	}
	return all, manifest.Config.Digest, nil
}

// apply unpacks the layers and ties the last snapshot to the image's
// configuration: garbage collection then spares it as long as the image.
func (s *Store) apply(ctx context.Context, layers []rootfs.Layer, config digest.Digest) error {
	snapshotter := snapshots.NewSnapshotter(snapshotsapi.NewSnapshotsClient(s.conn), s.snapshotter)
	applier := diffproxy.NewDiffApplier(diffapi.NewDiffClient(s.conn)).(diff.Applier)
	top, err := rootfs.ApplyLayers(ctx, layers, snapshotter, applier)
	if err != nil {
		return err
	}
	label := "containerd.io/gc.ref.snapshot." + s.snapshotter
	_, err = s.ContentStore().Update(ctx, content.Info{Digest: config, Labels: map[string]string{label: top.String()}}, "labels."+label)
	return err
}
