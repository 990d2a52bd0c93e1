// Package storetest holds every kind of store to the same contract. Each
// behaviour is one subtest on a store of its own; it runs against the embedded
// store and against a real containerd.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// Store is everything that a store can do. Its users declare the few methods
// that they need.
type Store interface {
	// Open opens committed content, or fails with [store.ErrNotFound].
	Open(context.Context, digest.Digest) (store.Blob, error)
	// Walk calls the function for every committed blob.
	Walk(context.Context, func(store.Info) error) error
	// Images lists all names.
	Images(context.Context) ([]store.Image, error)
	// Subscribe sends events until the context ends or the connection
	// breaks: then one error, and both channels are closed.
	Subscribe(context.Context) (<-chan store.Event, <-chan error)
	// Ingests lists what is being written under refs that name the digest.
	Ingests(context.Context, digest.Digest) ([]store.Ingest, error)
	// OpenIngest opens what was written so far, or fails with
	// [store.ErrNotFound] when it is gone or its file cannot be read.
	OpenIngest(context.Context, string) (store.Blob, error)
	// Arrivals lists all ingests of the namespace whose files can be read.
	Arrivals() []store.Arrival
	// OpenGrowing opens an ingest to read it as it grows, or fails with
	// [store.ErrNotFound].
	OpenGrowing(context.Context, digest.Digest) (*store.Growing, error)
	// Abort ends an ingest, or fails with [store.ErrNotFound].
	Abort(context.Context, string) error
	// Ready says whether the store can be used now.
	Ready(context.Context) error
	ContentStore() content.Store
	ImageStore() images.Store
	// WithContext is for calls to the two above.
	WithContext(context.Context) context.Context
	// Lease is WithContext, and keeps what is written from garbage
	// collection until it is released.
	Lease(context.Context) (context.Context, func(), error)
	// Parts is what of an image is there, or [store.ErrNotFound].
	Parts(ctx context.Context, image string) (store.Parts, error)
	// Pins lists what was pinned.
	Pins(context.Context) ([]store.Pin, error)
	// Pin has garbage collection spare an image, or fails with
	// [store.ErrNotFound].
	Pin(ctx context.Context, image string, owners []string) error
	// Unpin undoes it, even when the image is gone.
	Unpin(ctx context.Context, image string) error
	Close() error
}

// Subject is a store under test.
type Subject struct {
	Store
	// Collect runs a garbage collection to its end.
	Collect func(context.Context) error
	// Streams says that content files cannot be read: blobs are streams
	// from containerd, and ingests cannot be opened.
	Streams bool
}

const patience = 20 * time.Second // for what is bound to happen

// Run tests stores made by open.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Subject)
	}{
		{"a blob opens whole", opensWhole},
		{"an empty blob opens", opensEmpty},
		{"a blob can be read from anywhere", seeks},
		{"what is not there is not found", missing},
		{"an invalid digest is an error", invalidDigest},
		{"an open blob outlives its deletion", outlivesDeletion},
		{"a walk shows every blob once", walks},
		{"a walk ends with its function's error", walkEnds},
		{"images are listed", listsImages},
		{"the image store keeps to containerd's rules", storesImages},
		{"events tell of blobs and images", tellsEvents},
		{"other namespaces are not seen", namespaced},
		{"garbage goes without an event and the walk shows it", collectsSilently},
		{"a lease keeps garbage collection away", leases},
		{"ingests are listed by digest", listsIngests},
		{"an ingest is read while it grows", readsGrowing},
		{"what is on its way is listed", arrives},
		{"growing content reaches its readers to the last byte", growsUnderReaders},
		{"growing content stays readable when it is committed", outlivesCommit},
		{"growing content has a size at the end", learnsItsSize},
		{"an abort fails the readers", failsWhenAborted},
		{"a new beginning fails the readers", failsWhenTruncated},
		{"a reader of what does not grow waits until he gives up", waitsInVain},
		{"what is not on its way does not grow", growsNowhere},
		{"an aborted ingest is gone", aborts},
		{"an ingest is aborted while its writer closes", abortsWhileClosing},
		{"a poisoned ingest can be aborted and written anew", curesPoison},
		{"an image has parts", partsOf},
		{"parts that are not there are left out", partsMissing},
		{"garbage collection spares what is pinned", pins},
		{"and takes it when it is not pinned any more", unpins},
		{"a pin ends without its image", unpinsGone},
		{"a pin that has lost its labels still holds, until it is released", pinsLosesLabels},
		{"somebody else's pin stays", pinsOfOthers},
		{"what is not there, or wanted by nobody, is not pinned", pinsNothing},
		{"a cancelled context ends a subscription", cancelsSubscription},
		{"a cancelled context ends a walk", cancelsWalk},
		{"concurrent use is safe", concurrent},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			awaitReady(t, s)
			c.test(t, s)
		})
	}
}

func awaitReady(t *testing.T, s Subject) {
	t.Helper()
	Eventually(t, "the store is ready", func() bool { return s.Ready(t.Context()) == nil })
}

// Eventually waits until a condition holds.
func Eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.After(patience)
	for !holds() {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-late:
			t.Fatalf("never happened: %s", what)
		}
	}
}
