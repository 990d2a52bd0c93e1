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

// LeaveRequest takes the node out of all answers at once.
type LeaveRequest struct {
	Sender
}

// LeaveResponse is empty.
type LeaveResponse struct{}
