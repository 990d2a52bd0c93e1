package roster

import (
	"sync/atomic"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Node is what the roster knows of one node. Its methods may be called at any
// time and take no lock. After a purge the same Node serves whoever gets the
// ordinal next: an ordinal that was looked up just before then names the wrong
// node, which says that it does not have what it is asked for, and no harm is
// done.
type Node struct {
	// sign is when the node was last heard and its state, in one word, so
	// that each changes only with the other in view: no verdict can rest
	// on a silence that has just ended.
	sign     atomic.Uint64
	identity atomic.Pointer[trackerapi.Node]
	uploads  atomic.Int32
	ordinal  uint32
}

const stateBits = 8

func pack(heard time.Duration, s State) uint64 {
	return uint64(heard.Microseconds())<<stateBits | uint64(s)
}

func unpack(sign uint64) (heard time.Duration, s State) {
	return time.Duration(sign>>stateBits) * time.Microsecond, State(sign & (1<<stateBits - 1))
}

// Ordinal is the node's number, small and stable until it is purged.
func (n *Node) Ordinal() uint32 { return n.ordinal }

// State is what the tracker thinks of the node now.
func (n *Node) State() State {
	_, s := unpack(n.sign.Load())
	return s
}

// Identity is how the node has last introduced itself; not to be changed.
func (n *Node) Identity() *trackerapi.Node { return n.identity.Load() }

// Uploads is how many blobs the node was sending at its last heartbeat.
func (n *Node) Uploads() int { return int(n.uploads.Load()) }
