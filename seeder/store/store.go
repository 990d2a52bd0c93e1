// Package store defines how the seeder sees the content of its node. There are
// two implementations: package containerd speaks to a containerd over its
// socket, package embedded runs containerd's own store inside this process.
// Package storetest holds both to the contract written here.
package store

import (
	"errors"
	"io"
	"time"

	"github.com/opencontainers/go-digest"
)

// ErrNotFound is returned, possibly wrapped, for content that is not there (any
// more). Garbage collection may take a blob at any time, so every caller has
// to expect it.
var ErrNotFound = errors.New("content not found")

// Blob is committed content, opened for reading. Its bytes stay readable until
// Close, even if the blob is deleted meanwhile.
type Blob struct {
	// ReadSeekCloser is an *os.File wherever the content store's files are
	// readable: only then does net/http serve it with sendfile(2).
	io.ReadSeekCloser
	Size int64 // bytes
}

// Info describes a committed blob.
type Info struct {
	Digest digest.Digest
	Size   int64 // bytes
}

// Image is a name for a digest.
type Image struct {
	Name      string // full reference, e.g. "docker.io/library/redis:7"
	Digest    digest.Digest
	UpdatedAt time.Time
}

// Ingest is content on its way into the store.
type Ingest struct {
	Ref       string // as its writer named it, e.g. "layer-sha256:…"
	Offset    int64  // bytes written so far
	Total     int64  // bytes expected; 0 when unknown
	UpdatedAt time.Time
}

// Event is a hint that something has changed. Events get lost, and there is
// none for what garbage collection removes: only a walk tells the truth.
type Event struct {
	Kind   EventKind
	Digest digest.Digest // of the blob, for BlobCreated and BlobDeleted
}

// EventKind says what an Event is about.
type EventKind int

// The kinds of event.
const (
	BlobCreated   EventKind = iota + 1
	BlobDeleted             // an explicit delete; never garbage collection
	ImagesChanged           // some image was created, updated or deleted
)
