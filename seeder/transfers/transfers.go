// Package transfers remembers what the mirror has lately handed to its
// containerd and where each byte came from. It answers the question that every
// user of a mirror has: is it working?
//
// The mirror records a [Transfer] when it is over; the [Log] keeps the latest
// ones, writes one line about each and counts them.
package transfers

import (
	"time"

	"github.com/opencontainers/go-digest"
)

// Kind says what was asked for.
type Kind string

// The kinds of content.
const (
	Blob     Kind = "blob"
	Manifest Kind = "manifest"
)

// Result says who answered.
type Result string

// The results. Only [Local] and [Peer] delivered what they had promised,
// unless the client left first.
const (
	Local  Result = "local"  // this node's own store
	Peer   Result = "peer"   // one or more neighbours
	Miss   Result = "miss"   // nobody had it: the client was sent elsewhere
	Failed Result = "failed" // the body ended short, because no source was left
)

// Source is a node's share of a transfer.
type Source struct {
	Node  string `json:"node"`
	Bytes int64  `json:"bytes"`
}

// Transfer is one request that the mirror has answered.
type Transfer struct {
	Digest     digest.Digest `json:"digest"`
	Repository string        `json:"repository,omitempty"`
	Registry   string        `json:"registry,omitempty"` // as containerd names it, e.g. "docker.io"
	Kind       Kind          `json:"kind"`
	Result     Result        `json:"result"`
	// Offset is where in the content the transfer began, Bytes how many
	// bytes of it the client has taken.
	Offset int64 `json:"offset,omitempty"`
	Bytes  int64 `json:"bytes"`

	StartedAt time.Time `json:"started_at"`
	// FirstByte is the time from the request to the answer's headers,
	// Duration that to its end; both are nanoseconds in JSON.
	FirstByte time.Duration `json:"first_byte_ns"`
	Duration  time.Duration `json:"duration_ns"`

	// Sources are the neighbours that took part, for Peer and Failed.
	// They may have sent more than the client took.
	Sources []Source `json:"sources,omitempty"`
	// Retries is how often one of them had to take over from another.
	Retries int `json:"retries,omitempty"`
	// Err says why the transfer ended early. A client that leaves is no
	// failure of ours: it changes Err, not Result.
	Err string `json:"error,omitempty"`
}
