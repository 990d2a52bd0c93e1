package app

import (
	"context"
	"log/slog"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	containerdlog "github.com/containerd/log"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/store/containerd"
	"github.com/drayproject/dray/seeder/store/embedded"
	"github.com/drayproject/dray/seeder/worker"
)

// contentStore is all that the parts of the seeder ask of a store.
type contentStore interface {
	Open(context.Context, digest.Digest) (store.Blob, error)
	Walk(context.Context, func(store.Info) error) error
	Images(context.Context) ([]store.Image, error)
	Subscribe(context.Context) (<-chan store.Event, <-chan error)
	Ingests(context.Context, digest.Digest) ([]store.Ingest, error)
	OpenIngest(ctx context.Context, ref string) (store.Blob, error)
	Arrivals() []store.Arrival
	OpenGrowing(context.Context, digest.Digest) (*store.Growing, error)
	Abort(ctx context.Context, ref string) error
	Ready(context.Context) error
	ContentStore() content.Store
	ImageStore() images.Store
	Lease(context.Context) (leased context.Context, release func(), err error)
	worker.Store
	Close() error
}

func openStore(ctx context.Context, cfg Config, log *slog.Logger) (contentStore, error) {
	if cfg.Store == "embedded" {
		// containerd's packages have a log of their own, and warn there of
		// every file system that lacks fs-verity. Their errors are ours to
		// report anyway.
		_ = containerdlog.SetLevel("error")
		return embedded.New(ctx, cfg.EmbeddedRoot, cfg.ContainerdNamespace)
	}
	return containerd.New(containerd.Config{
		Address:     cfg.ContainerdAddress,
		Namespace:   cfg.ContainerdNamespace,
		ContentPath: cfg.ContainerdContentPath,
		Snapshotter: cfg.ContainerdSnapshotter,
	}, log)
}
