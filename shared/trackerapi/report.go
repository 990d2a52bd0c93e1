package trackerapi

import "github.com/opencontainers/go-digest"

// Kind says what went wrong with a peer.
type Kind string

// The kinds of report. Only the first four speak against the node as a whole;
// the others concern one digest.
const (
	KindRefused Kind = "refused" // it refused the connection
	KindTimeout Kind = "timeout" // no connection or no headers in time
	KindStall   Kind = "stall"   // it stopped in the middle of a body
	KindShort   Kind = "short"   // the body ended too early
	KindCorrupt Kind = "corrupt" // wrong bytes
	KindMiss    Kind = "miss"    // it does not have what it was said to have

	// KindOverloaded is no fault: it said that it was busy. It counts as load.
	KindOverloaded Kind = "overloaded"
	// KindAlive is the opposite of a fault: the node was asked to look at its
	// data port, and it answers.
	KindAlive Kind = "alive"
)

// Report accuses one peer of one thing.
type Report struct {
	Peer string `json:"peer"`
	// Epoch is the peer's, from the handout. 0 means whichever run of it is
	// there now: for what outlives a run, such as a broken file.
	Epoch  int64         `json:"epoch"`
	Kind   Kind          `json:"kind"`
	Digest digest.Digest `json:"digest,omitempty"`
	Offset int64         `json:"offset,omitempty"` // byte at which it happened
}

// ReportRequest carries what a node has seen since its last one.
type ReportRequest struct {
	Sender
	Reports []Report `json:"reports"`
}

// ReportResponse is empty.
type ReportResponse struct{}
