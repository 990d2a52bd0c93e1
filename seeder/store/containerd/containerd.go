// Package containerd is the store of a node that has containerd. What
// containerd's socket tells says what there is; the bytes are read from the
// files of its content store wherever they are readable, and over the socket,
// which costs more, where they are not.
//
// It speaks to containerd's services directly. containerd's client package can
// do the same and much more; only to link it costs 1.4 MB of resident memory,
// and a seeder has 30.
//
// The connection comes back by itself when containerd was restarted.
package containerd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	_ "github.com/containerd/containerd/api/events" // the messages in the events
	contentapi "github.com/containerd/containerd/api/services/content/v1"
	imagesapi "github.com/containerd/containerd/api/services/images/v1"
	leasesapi "github.com/containerd/containerd/api/services/leases/v1"
	content "github.com/containerd/containerd/v2/core/content/proxy"
	events "github.com/containerd/containerd/v2/core/events/proxy"
	leases "github.com/containerd/containerd/v2/core/leases/proxy"
	"github.com/opencontainers/go-digest"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/drayproject/dray/seeder/store"
)

// What an empty field of [Config] means.
const (
	DefaultAddress     = "/run/containerd/containerd.sock"
	DefaultNamespace   = "k8s.io"
	DefaultContentPath = "/var/lib/containerd/io.containerd.content.v1.content"
	DefaultSnapshotter = "overlayfs"
)

const (
	readyTimeout = time.Second      // for "are you there?"
	callTimeout  = 5 * time.Second  // for a question about one blob
	stallTimeout = 30 * time.Second // for the next bytes of a blob
)

// Config says where containerd is.
type Config struct {
	Address     string // its socket
	Namespace   string // Kubernetes uses k8s.io
	ContentPath string // the folder of its content store; it need not be readable
	Snapshotter string // what images are unpacked with
}

// Store is a containerd's store. Its methods, but for those below, are those
// of [store.Base].
type Store struct {
	*store.Base
	conn  *grpc.ClientConn
	reads contentapi.ContentClient
	log   *slog.Logger

	snapshotter string

	// sure is set once a blob was opened from its file: from then on, what
	// has no file is not there. Before that, the content path may be wrong
	// or unreadable, and only containerd knows.
	sure   atomic.Bool
	warned atomic.Bool
}

// New makes a Store. It does not fail because containerd is down at the
// moment: it connects when first asked something, and again when it has to.
func New(cfg Config, log *slog.Logger) (*Store, error) {
	cfg = cfg.withDefaults()
	conn, err := dial(cfg.Address)
	if err != nil {
		return nil, fmt.Errorf("containerd at %s: %w", cfg.Address, err)
	}
	base := store.NewBase(store.Services{
		Content: content.NewContentStore(conn),
		Images:  imageStore{imagesapi.NewImagesClient(conn)},
		Events:  events.NewRemoteEvents(conn),
		Leases:  leases.NewLeaseManager(leasesapi.NewLeasesClient(conn)),
	}, store.Files{Path: cfg.ContentPath, Namespace: cfg.Namespace})
	return &Store{Base: base, conn: conn, reads: contentapi.NewContentClient(conn), log: log, snapshotter: cfg.Snapshotter}, nil
}

func (c Config) withDefaults() Config {
	if c.Address == "" {
		c.Address = DefaultAddress
	}
	if c.Namespace == "" {
		c.Namespace = DefaultNamespace
	}
	if c.ContentPath == "" {
		c.ContentPath = DefaultContentPath
	}
	if c.Snapshotter == "" {
		c.Snapshotter = DefaultSnapshotter
	}
	return c
}

// Open opens a blob: its file, if it can be read, else a stream from
// containerd. The stream reads on after the blob was deleted, as a file does,
// but cannot seek any more.
func (s *Store) Open(ctx context.Context, d digest.Digest) (store.Blob, error) {
	b, err := s.Base.Open(ctx, d)
	if err == nil {
		s.sure.Store(true)
		return b, nil
	}
	if s.sure.Load() || !errors.Is(err, store.ErrNotFound) {
		return b, err
	}
	b, err = s.openStream(ctx, d)
	if err == nil && s.warned.CompareAndSwap(false, true) {
		s.log.Warn("content files are not readable: blobs are read over containerd's socket", "path", s.Path)
	}
	return b, err
}

// Ready asks containerd whether it serves, for at most a second.
func (s *Store) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	r, err := grpc_health_v1.NewHealthClient(s.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		return fmt.Errorf("containerd: %w", err)
	}
	if r.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return fmt.Errorf("containerd: health is %s", r.GetStatus())
	}
	return nil
}

// Close closes the connection.
func (s *Store) Close() error { return s.conn.Close() }
