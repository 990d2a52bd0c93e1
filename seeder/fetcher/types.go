package fetcher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

var (
	// ErrNoSource says that no peer can send the content now: nobody has
	// it, no tracker answers, or nobody who has it answered in time.
	ErrNoSource = errors.New("no peer can send it")
	// ErrLease is an ErrNoSource: nobody has the content, and this node is
	// the one that gets it from the origin.
	ErrLease = fmt.Errorf("%w: this node has the lease to get it from the origin", ErrNoSource)
	// ErrBroken ends a stream whose parents are all used up.
	ErrBroken = errors.New("no peer can send the rest")
	// ErrCorrupt ends a stream whose bytes do not have their digest. It
	// comes in place of the last bytes: the reader never has the whole of
	// a wrong blob.
	ErrCorrupt = errors.New("the bytes do not match the digest")
)

// ToEnd is the Length of a Request for everything from its Offset on.
const ToEnd = -1

// Request says what is to be fetched.
type Request struct {
	// Repository is the name that the blob was asked for under. Peers
	// answer by digest alone; it may be empty.
	Repository string
	Digest     digest.Digest
	Offset     int64 // first byte
	Length     int64 // bytes; negative ([ToEnd]): to the end of the blob
	// Size is that of the whole blob as a manifest has it; 0 when none is known.
	// The trackers are told; what peers say is not measured by it.
	Size int64
	// Registry is where the blob comes from when no peer has it; may be empty.
	Registry string
	// Look asks only to find out about the blob: it takes no place among
	// those who fetch it, no origin lease, and never waits for anyone.
	Look bool
}

// Source is a peer and what it sent.
type Source struct {
	Node  string
	Bytes int64
}

// Manifest is a whole manifest whose bytes have the digest that was asked for.
type Manifest struct {
	Bytes []byte
	// MediaType is what the peer said it is. The digest does not cover it:
	// a mediaType in the document itself has more weight.
	MediaType string
	Source    Source
}

// Lookuper knows who holds what, and arranges who fetches from whom.
type Lookuper interface {
	// Lookup returns one handout per digest, in order. An empty handout
	// says that nobody holds the digest, a nil one that there was no
	// answer for it. It returns soon after ctx ends, and has a short
	// deadline of its own.
	Lookup(context.Context, []digest.Digest) ([]trackerapi.Handout, error)
	// Join takes a place among those who fetch a digest. It may wait for
	// WaitMS, and fails soon when no tracker answers; of that time up to
	// silence may pass before trackers that are believed to live say anything.
	Join(ctx context.Context, m trackerapi.JoinRequest, silence time.Duration) (trackerapi.JoinResponse, error)
}

// Reporter hears what went wrong with peers. It never blocks.
type Reporter interface {
	Report(trackerapi.Report)
}
