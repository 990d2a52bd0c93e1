// Package registry is the seeder's two faces in the language of the OCI
// distribution spec: the mirror, for the containerd of this node, and the peer
// side, for neighbours.
//
// Both parse paths the same way (path.go) and serve what this node has the same
// way (local.go, body.go), so that the kernel moves a blob from its file to the
// socket. Here they differ:
//
//   - The [Peer] serves this node's own content by digest and never fetches.
//   - The [Mirror] also relays what neighbours have (relay.go) and decides about
//     tags (tags.go, upstream.go).
//
// The mirror's first law: containerd must never be worse off for having asked.
// It answers 200, 206 or 404 and nothing else; a 404, whose body tells the true
// reason, sends containerd on to its next host at once, while 408, 429 and
// silence would hold it up, and an RST would fail its pull. Where a body cannot
// be finished it ends early with a FIN, and containerd goes on elsewhere.
package registry

import (
	"context"
	"io"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/fetcher"
	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/shared/trackerapi"
)

// Content is what this node's store has committed.
type Content interface {
	// Open returns [store.ErrNotFound] for what is not there.
	Open(context.Context, digest.Digest) (store.Blob, error)
}

// Inventory is what this node tells others that it holds. It may lag behind the
// store for a moment.
type Inventory interface {
	Has(digest.Digest) bool
	// Withdraw takes back what turned out not to be there.
	Withdraw(digest.Digest)
	// Quarantined says that the stored bytes are known to be wrong.
	Quarantined(digest.Digest) bool
	Image(name string) (store.Image, bool)
}

// Fetcher gets content from neighbours.
type Fetcher interface {
	// Prefetch looks holders up in the background; it does not block.
	Prefetch([]digest.Digest)
	// Fetch opens one stream, which lives until it is closed or ctx ends.
	// A Length beyond the end of the blob is cut.
	Fetch(ctx context.Context, r fetcher.Request) (Stream, error)
	// Manifest returns the verified bytes of a whole manifest.
	Manifest(ctx context.Context, r fetcher.Request) (fetcher.Manifest, error)
}

// Stream is content on its way from neighbours. A Read that returned the last
// bytes of a whole blob has vouched for its digest; it returns
// [fetcher.ErrCorrupt] in their place when the digest is wrong. Errors are
// final: later Reads return them again.
type Stream interface {
	io.ReadCloser
	// Size is that of the whole blob, in bytes, whatever range is read.
	Size() int64
	// Sources are the neighbours that have sent something so far.
	Sources() []fetcher.Source
	// Retries is how often one had to take over from another so far.
	Retries() int
}

// Ingests hears what will be on its way into this node's store. Neither call
// blocks.
type Ingests interface {
	// Expect says that the client was sent to the origin for a digest.
	Expect(digest.Digest)
	// Feed is for what the client is about to be sent of a digest, from an
	// offset on, so that neighbours can have it before the client has written
	// it. It may be nil; else the caller closes it.
	Feed(d digest.Digest, offset, size int64) *store.Feed
}

// Resolver knows which digests the cluster's image names have.
type Resolver interface {
	// Resolve returns one image per name; unknown names have no digest.
	Resolve(ctx context.Context, names []string) ([]trackerapi.Image, error)
}

// Guard keeps wrong bytes that containerd has been sent from wedging its later
// pulls.
type Guard interface {
	// Watch looks at what becomes of a relayed blob; it does not block.
	Watch(d digest.Digest, sources []string)
	// AbortNow ends every ingest of d. It returns soon after ctx ends.
	AbortNow(ctx context.Context, d digest.Digest)
}
