package events

import (
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
)

// PullState is how far a pull is.
type PullState string

// The states. A pull whose size was never known is Ended at best.
const (
	Running  PullState = "running"
	Complete PullState = "complete" // over, with all bytes there
	Ended    PullState = "ended"    // over, and short of its size as far as the tracker has heard
	Lost     PullState = "lost"     // its node has died or does not speak of it any more
)

// Pull is one blob's way into one node.
type Pull struct {
	Node    string
	Digest  digest.Digest
	State   PullState
	Offset  int64 // bytes that are there
	Size    int64 // bytes; 0 while unknown
	Parent  string
	Rate    int64 // bytes per second
	Began   time.Time
	Over    time.Time // zero while it is running
	Sources []Source
}

// Source is where bytes of a pull came from. What was there when the tracker
// heard of the pull for the first time counts as from the parent of then.
type Source struct {
	Node  string // empty for the origin
	Bytes int64
}

// Totals count since the tracker's start.
type Totals struct {
	Running, Complete, Ended, Lost int64
	PeerBytes, OriginBytes         int64
}

func (p *Pull) clone() *Pull {
	c := *p
	c.Sources = slices.Clone(p.Sources)
	return &c
}
