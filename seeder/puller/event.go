package puller

import (
	"github.com/opencontainers/go-digest"
)

// Event is a step of a pull. As JSON, one line each, a stream of events is the
// answer to a pull request. The last one is done or failed.
type Event struct {
	Type EventType `json:"type"`
	// Image is the full name of what is pulled, and Digest what it stands
	// for; with resolved and done.
	Image  string        `json:"image,omitempty"`
	Digest digest.Digest `json:"digest,omitempty"`
	// Blob is the present state of one blob; with blob.
	Blob *Blob `json:"blob,omitempty"`
	// Totals sums up the pull; with done and failed.
	Totals *Totals `json:"totals,omitempty"`
	// Error is the reason; with failed.
	Error string `json:"error,omitempty"`
}

// EventType says what an Event is about.
type EventType string

// The types of event.
const (
	Resolved EventType = "resolved" // the name stands for this digest
	Progress EventType = "blob"     // a blob was found to be needed, moved on, or is complete
	Done     EventType = "done"     // the image is there
	Failed   EventType = "failed"   // it is not
)

// Blob is a part of the image.
type Blob struct {
	Digest  digest.Digest `json:"digest"`
	Kind    string        `json:"kind"`   // index, manifest, config, layer or other
	Size    int64         `json:"size"`   // bytes
	Offset  int64         `json:"offset"` // bytes that are on this node
	State   State         `json:"state"`
	Seconds float64       `json:"seconds,omitempty"` // since its fetch began
	Sources []Source      `json:"sources,omitempty"` // once it is complete
}

// State is how far a blob is.
type State string

// The states of a blob, in order.
const (
	Waiting  State = "waiting"
	Pulling  State = "pulling"
	Complete State = "complete"
)

// Source says how much came from where.
type Source struct {
	From  From   `json:"from"`
	Node  string `json:"node,omitempty"` // the neighbour's name, with peer
	Bytes int64  `json:"bytes"`
}

// From is a kind of source.
type From string

// The kinds of source.
const (
	FromLocal  From = "local"  // it was on this node already
	FromPeer   From = "peer"   // a neighbour, by way of the mirror
	FromMirror From = "mirror" // the mirror, which did not say who sent it
	FromOrigin From = "origin" // the registry
)

// Totals sums up a pull.
type Totals struct {
	Seconds float64  `json:"seconds"`
	Sources []Source `json:"sources"`
}
