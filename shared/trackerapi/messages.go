package trackerapi

import (
	"time"

	"github.com/opencontainers/go-digest"
)

// Limits that both sides keep. A message beyond them is refused whole, with
// [CodeTooLarge], and changes nothing.
const (
	MaxBody    = 8 << 20 // bytes of one request or response
	MaxDigests = 50_000  // digests in one announce
	MaxLookup  = 1_000   // digests in one lookup, names in one resolve
	MaxReports = 1_000   // reports in one message
	MaxIngests = 1_000   // ingests in one heartbeat or progress
	MaxLooks   = 4       // looks that one heartbeat's answer asks for
	MaxAvoid   = 64      // nodes that one join wants to avoid
	MaxName    = 255     // bytes of a node's name, zone, label key or value
	MaxLabels  = 64      // labels of one node
)

// Node is how a seeder introduces itself.
type Node struct {
	// Name is unique in the cluster, and stays the same over restarts;
	// on Kubernetes the node's name.
	Name string `json:"name"`
	// Epoch tells this run of the seeder from its earlier ones: it only
	// ever grows. Seeders use their start time in Unix milliseconds.
	Epoch int64 `json:"epoch"`
	// Addr is the host:port of the peer side, as neighbours can reach it;
	// IPv6 addresses in brackets.
	Addr    string            `json:"addr"`
	Zone    string            `json:"zone,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
	Version string            `json:"version,omitempty"`
}

// Sender names who is speaking, in every message after register.
type Sender struct {
	Node  string `json:"node"`
	Epoch int64  `json:"epoch"`
}

// RegisterRequest opens a session. It may be repeated at any time.
type RegisterRequest struct {
	Node Node `json:"node"`
	// Walking: the node does not know yet what it holds.
	Walking bool `json:"walking,omitempty"`
}

// RegisterResponse says how the session goes on.
type RegisterResponse struct {
	// IntervalMS is the time between heartbeats, in milliseconds.
	IntervalMS int64 `json:"interval_ms"`
	// Hold: the tracker needs the whole inventory, but not yet. It takes in
	// a few at a time, and asks for this one, by Resend, in a heartbeat's
	// answer.
	Hold bool `json:"hold,omitempty"`
}

// Image is a name that a node's containerd knows.
type Image struct {
	// Name is the full reference with its tag, as containerd stores it,
	// e.g. "docker.io/library/redis:7".
	Name   string        `json:"name"`
	Digest digest.Digest `json:"digest"`
	// UpdatedAt is when the node last set the name to the digest. Clocks
	// differ: it orders answers, nothing more.
	UpdatedAt time.Time `json:"updated_at"`
}

// AnnounceRequest brings the tracker's picture of a node from one sequence
// number to another.
type AnnounceRequest struct {
	Sender
	// Whole says that Add and Images are everything the node has; what
	// the tracker knew before is replaced. Otherwise they are changes on
	// top of From.
	Whole bool `json:"whole,omitempty"`
	// From is the sequence number that the changes build on; unused when
	// Whole is set. A tracker that is not there answers with Resend.
	From uint64 `json:"from,omitempty"`
	// Seq is the sequence number that the tracker has afterwards.
	Seq uint64 `json:"seq"`
	// SetHash is the [SetHash] that the tracker must have afterwards.
	SetHash uint64 `json:"set_hash,string"`

	Add    []digest.Digest `json:"add,omitempty"`
	Remove []digest.Digest `json:"remove,omitempty"`
	// Images are names that are new or have moved; ImagesGone are names
	// that no longer exist on the node.
	Images     []Image  `json:"images,omitempty"`
	ImagesGone []string `json:"images_gone,omitempty"`
	// Verified are digests whose bytes the node has just hashed and found
	// right, after a heartbeat's answer asked it to (see Verify).
	Verified []digest.Digest `json:"verified,omitempty"`
}

// AnnounceResponse says whether the announcement could be applied.
type AnnounceResponse struct {
	// Resend asks for the whole set: a change was lost, or the hashes
	// differ. Hold: but not yet, as in RegisterResponse.
	Resend bool `json:"resend,omitempty"`
	Hold   bool `json:"hold,omitempty"`
}

// Load is what a node says of its own business in a heartbeat.
type Load struct {
	// Uploads is the number of blobs that it is sending to peers now.
	Uploads int `json:"uploads"`
	// Slots is how many it sends at most at one time; 0 is no bound.
	Slots int `json:"slots,omitempty"`
	// UploadRate is what it has lately been sending to peers, in bytes per
	// second.
	UploadRate int64 `json:"upload_rate,omitempty"`
	// LatencyMS is what neighbours lately waited for its first bytes, the
	// 95th percentile in milliseconds.
	LatencyMS int64 `json:"latency_ms,omitempty"`
	// Degraded says why the node is up but should come last, e.g. "store";
	// empty when it is well.
	Degraded string `json:"degraded,omitempty"`
}

// Ingest is a blob on its way into a node, whose beginning it can already share.
type Ingest struct {
	Digest digest.Digest `json:"digest"`
	// Offset is the number of bytes that are there. They are a prefix:
	// content grows in order.
	Offset int64 `json:"offset"`
	// Size is that of the whole, in bytes; 0 while it is unknown.
	Size int64 `json:"size,omitempty"`
	// Parent is the node that it comes from; empty when that is the origin.
	Parent string `json:"parent,omitempty"`
	// Rate is how fast it lately grew, in bytes per second.
	Rate int64 `json:"rate,omitempty"`
	// Ended: it is over, and there is nothing more to share of it. One that
	// succeeded is announced as held as well.
	Ended bool `json:"ended,omitempty"`
}

// HeartbeatRequest is a sign of life.
type HeartbeatRequest struct {
	Sender
	// Seq and SetHash describe the inventory that this tracker has been
	// sent; a difference means that something was lost.
	Seq     uint64 `json:"seq"`
	SetHash uint64 `json:"set_hash,string"`
	Load    Load   `json:"load"`
	// Ingests are all that the node has under way.
	Ingests []Ingest `json:"ingests,omitempty"`
	// Walking: the node does not know yet what it holds, and can't resend it.
	Walking bool `json:"walking,omitempty"`
}

// HeartbeatResponse is how a tracker speaks to a node.
type HeartbeatResponse struct {
	// IntervalMS is the time until the next heartbeat, in milliseconds.
	IntervalMS int64 `json:"interval_ms"`
	// Resend asks for the whole inventory. Hold: but not yet, as in
	// RegisterResponse.
	Resend bool `json:"resend,omitempty"`
	Hold   bool `json:"hold,omitempty"`
	// Verify lists digests that a peer got wrong bytes for: the node
	// hashes its copy, and announces it as Verified or withdraws it.
	Verify []digest.Digest `json:"verify,omitempty"`
	// Rejoin lists digests on their way that come in far slower than they
	// might: the node may join again, at its offset and with nobody to
	// avoid, and change to the first of the handout if that is another.
	Rejoin []digest.Digest `json:"rejoin,omitempty"`
	// Look lists nodes that this tracker neither hears nor reaches. The node
	// looks at their data ports at once, and reports those that answer, as
	// [KindAlive], to this tracker. Silence may be the tracker's own fault.
	Look []Look `json:"look,omitempty"`
	// Work: this tracker places content, and wants a [WorkRequest] now.
	Work bool `json:"work,omitempty"`
}

// Look names a node whose data port is to be looked at from elsewhere.
type Look struct {
	Node  string `json:"node"`
	Epoch int64  `json:"epoch"`
	Addr  string `json:"addr"` // host:port of its peer side
}

// LeaveRequest takes the node out of all answers at once.
type LeaveRequest struct {
	Sender
}

// LeaveResponse is empty.
type LeaveResponse struct{}
