// Package embedded is a content store of the seeder's own, for machines
// without containerd: containerd's metadata database, local content store and
// event exchange, running inside this process in one folder. What is on disk
// has containerd's layout.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/containerd/containerd/v2/core/events/exchange"
	"github.com/containerd/containerd/v2/core/metadata"
	"github.com/containerd/containerd/v2/plugins/content/local"
	bolt "go.etcd.io/bbolt"

	"github.com/drayproject/dray/seeder/store"
)

// DefaultNamespace is where content lives unless told otherwise.
const DefaultNamespace = "k8s.io"

// lockTimeout is how long New waits for another process to leave the folder.
const lockTimeout = time.Second

// Store is an embedded store. Its methods, but for those below, are those of
// [store.Base].
type Store struct {
	*store.Base
	bolt *bolt.DB
	db   *metadata.DB
}

// New opens the store in root, making it where there is none. Only one process
// at a time can have it open. An empty namespace means [DefaultNamespace].
func New(ctx context.Context, root, namespace string) (*Store, error) {
	if namespace == "" {
		namespace = DefaultNamespace
	}
	s, err := open(ctx, root, namespace)
	if err != nil {
		return nil, fmt.Errorf("embedded store in %s: %w", root, err)
	}
	return s, nil
}

func open(ctx context.Context, root, namespace string) (*Store, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	files := store.Files{Path: filepath.Join(root, "content"), Namespace: namespace}
	content, err := local.NewStore(files.Path)
	if err != nil {
		return nil, err
	}
	options := *bolt.DefaultOptions
	options.Timeout = lockTimeout
	file, err := bolt.Open(filepath.Join(root, "meta.db"), 0o600, &options)
	if err != nil {
		return nil, err
	}
	bus := exchange.NewExchange()
	db := metadata.NewDB(file, content, nil, metadata.WithEventsPublisher(bus))
	if err := db.Init(ctx); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	base := store.NewBase(store.Services{
		Content: db.ContentStore(),
		Images:  metadata.NewImageStore(db),
		Events:  bus,
		Leases:  metadata.NewLeaseManager(db),
	}, files)
	return &Store{Base: base, bolt: file, db: db}, nil
}

// Ready reports whether the database is open.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.db.View(func(*bolt.Tx) error { return ctx.Err() }); err != nil {
		return fmt.Errorf("embedded store: %w", err)
	}
	return nil
}

// GarbageCollect removes what no image, label or lease refers to. Nothing else
// does in this store.
func (s *Store) GarbageCollect(ctx context.Context) error {
	if _, err := s.db.GarbageCollect(ctx); err != nil {
		return fmt.Errorf("embedded store: collect garbage: %w", err)
	}
	return nil
}

// Close waits for what is under way in the database and closes it.
func (s *Store) Close() error { return s.bolt.Close() }

// Unpack fails: there is nothing here to run an image with.
func (s *Store) Unpack(context.Context, string) error {
	return errors.New("unpack: the embedded store has no snapshots")
}
