package admin

import (
	"time"

	"github.com/opencontainers/go-digest"
)

// Verdicts is a page of verdicts, the newest first. There is no total: old ones
// are forgotten.
type Verdicts struct {
	Items []VerdictItem `json:"items"`
	Next  string        `json:"next,omitempty" doc:"The cursor of the next page; absent on the last one"`
}

// VerdictItem is a change of a node's state.
type VerdictItem struct {
	ID     uint64    `json:"id" doc:"Grows from event to event"`
	At     time.Time `json:"at"`
	Node   string    `json:"node"`
	Epoch  int64     `json:"epoch"`
	From   string    `json:"from"`
	To     string    `json:"to"`
	Reason string    `json:"reason"`
}

// Pulls is a page of pulls that are over, the newest first.
type Pulls struct {
	Items []PullItem `json:"items"`
	Next  string     `json:"next,omitempty" doc:"The cursor of the next page; absent on the last one"`
}

// RunningPulls is a page of pulls under way, by node and digest.
type RunningPulls struct {
	Items []PullItem `json:"items"`
	Page
}

// PullItem is one blob's way into one node, as the node told it.
type PullItem struct {
	ID      uint64        `json:"id,omitempty" doc:"Of the event; absent while it is running"`
	Node    string        `json:"node"`
	Digest  digest.Digest `json:"digest"`
	State   string        `json:"state" enum:"running,complete,ended,lost"`
	Offset  int64         `json:"offset" doc:"Bytes that are there"`
	Size    int64         `json:"size,omitempty" doc:"Bytes of the whole; absent while unknown"`
	Rate    int64         `json:"rate,omitempty" doc:"Bytes per second, lately"`
	Parent  string        `json:"parent" doc:"The last one; empty for the origin"`
	Began   time.Time     `json:"began" doc:"When the tracker first heard of it"`
	Over    *time.Time    `json:"over,omitempty"`
	Sources []PullSource  `json:"sources" doc:"By the order in which they were used"`
}

// PullSource is where bytes of a pull came from.
type PullSource struct {
	Node  string `json:"node" doc:"Empty for the origin"`
	Bytes int64  `json:"bytes"`
}

// Hour is what pulls came to lately.
type Hour struct {
	Items []Minute `json:"items" doc:"60 minutes, the oldest first; the last one goes on"`
}

// Minute is what pulls came to within one minute. Times are those of complete
// pulls, or of a fair sample, as far as the tracker heard of their beginning.
type Minute struct {
	At          time.Time `json:"at" doc:"Its beginning"`
	PeerBytes   int64     `json:"peer_bytes" doc:"Bytes that came from other nodes"`
	OriginBytes int64     `json:"origin_bytes" doc:"Bytes that came from registries"`
	Complete    int64     `json:"complete" doc:"Pulls that ended with all bytes there"`
	Ended       int64     `json:"ended" doc:"Pulls that ended, and short as far as the tracker has heard"`
	Lost        int64     `json:"lost" doc:"Pulls whose node died, or stopped speaking of them"`
	Timed       int       `json:"timed" doc:"How many times the next two rest on; they are 0 without any"`
	MedianMS    int64     `json:"median_ms" doc:"Milliseconds that half of the pulls took at most"`
	P95MS       int64     `json:"p95_ms" doc:"Milliseconds that 95 of 100 pulls took at most"`
}

// Tick is sent at the beginning of a stream, and every few seconds, so that both
// sides know that the other is there.
type Tick struct {
	At    time.Time `json:"at"`
	Nodes States    `json:"nodes"`
}

// Gap says that some events were missed: what has been shown so far should be
// read anew.
type Gap struct {
	At time.Time `json:"at"`
}
