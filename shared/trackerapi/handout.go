package trackerapi

import (
	"github.com/opencontainers/go-digest"
)

// LookupRequest asks who holds each of several digests.
type LookupRequest struct {
	// Node is the asker, who is never part of an answer.
	Node    string          `json:"node"`
	Digests []digest.Digest `json:"digests"`
	// Limit is the number of holders wanted per digest; 0 leaves it to
	// the tracker.
	Limit int `json:"limit,omitempty"`
}

// LookupResponse has one handout per digest asked for, in the same order. A
// digest that nobody holds has an empty one: that is no error.
type LookupResponse struct {
	Handouts []Handout `json:"handouts"`
}

// Handout is a ranked list of holders, the best first.
type Handout []Holder

// Holder is a node that has a blob, or the beginning of it.
type Holder struct {
	Node  string `json:"node"`
	Epoch int64  `json:"epoch"`
	Addr  string `json:"addr"` // host:port of its peer side
	Zone  string `json:"zone,omitempty"`
	// Partial: the blob is still on its way to this node. It sends what it
	// has, and the rest as it comes.
	Partial bool `json:"partial,omitempty"`
	// Depth is how many partial holders the bytes pass on their way to this
	// one. A pause may be that of any of them.
	Depth int `json:"depth,omitempty"`
}

// JoinRequest says that a node is about to fetch a digest, and asks where from.
type JoinRequest struct {
	Sender
	Digest digest.Digest `json:"digest"`
	// Offset is the first byte that is still needed.
	Offset int64 `json:"offset,omitempty"`
	// Size is that of the whole, in bytes; 0 when the asker does not know.
	Size int64 `json:"size,omitempty"`
	// Registry is where the asker would get it from if nobody had it.
	Registry string `json:"registry,omitempty"`
	// WaitMS is how long the answer may take while nobody has a first byte
	// of it, or those who have are busy, in milliseconds. 0 asks for an
	// answer at once; an empty one says that it is worth a wait.
	WaitMS int64 `json:"wait_ms,omitempty"`
	// Hurry: the asker will not wait, now or later. Whoever has it is handed
	// out, however busy.
	Hurry bool `json:"hurry,omitempty"`
	// Patient: after this wait the asker would wait once more, if it is told that
	// those it waits for are Busy.
	Patient bool `json:"patient,omitempty"`
	// Avoid are nodes that have just failed the asker for this digest.
	Avoid []string `json:"avoid,omitempty"`
}

// JoinResponse is a handout whose places are kept for the asker, or the leave to
// go to the origin.
type JoinResponse struct {
	// Handout has complete and partial holders, the best first.
	Handout Handout `json:"handout"`
	// Lease: nobody has it, and the asker is the one to get it from the
	// origin. It should be seen to do so, by a progress, within StartMS.
	Lease   bool  `json:"lease,omitempty"`
	StartMS int64 `json:"start_ms,omitempty"`
	// Free: nobody has it and the wait is over. Everyone may go to the
	// origin.
	Free bool `json:"free,omitempty"`
	// Busy: the wait is over, and it is worth another one. The registry is sending
	// to other nodes, so that one more would make it slower for all; or the first
	// bytes are there, and places are being given out.
	Busy bool `json:"busy,omitempty"`
}

// ProgressRequest tells about ingests as soon as there is something to tell: that
// one will come from the origin (no parent, and an offset of 0: every tracker takes
// that for the lease), the first bytes, another parent, the end. Others wait for it.
type ProgressRequest struct {
	Sender
	Ingests []Ingest `json:"ingests"`
}

// ProgressResponse is empty.
type ProgressResponse struct{}

// ResolveRequest asks which digest each image name has in the cluster.
type ResolveRequest struct {
	Node  string   `json:"node"`
	Names []string `json:"names"`
}

// ResolveResponse has one image per name asked for, in the same order: the
// most recently updated one that a live node has. Unknown names have an empty
// Digest.
type ResolveResponse struct {
	Images []Image `json:"images"`
}
