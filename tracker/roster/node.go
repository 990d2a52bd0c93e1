package roster

import (
	"sync/atomic"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Node is what the roster knows of one node. Its methods may be called at any
// time and take no lock that is held for long. After a purge the same Node
// serves whoever gets the ordinal next: an ordinal that was looked up just
// before then names the wrong node, which says that it does not have what it
// is asked for, and no harm is done.
type Node struct {
	// sign is when the node was last heard and its standing, in one word,
	// so that each changes only with the other in view: no verdict can
	// rest on a silence that has just ended.
	sign     atomic.Uint64
	identity atomic.Pointer[trackerapi.Node]
	load     atomic.Pointer[trackerapi.Load] // as the node says; replaced whole
	// busyUntil is when the node may have room again for one more.
	busyUntil atomic.Int64
	fitness   fitness
	zone      atomic.Uint32 // number of its zone in the census
	ordinal   uint32
	// So far this is what a lookup wants to know of dozens of nodes; it is kept
	// together because their memory is what a lookup waits for most.

	port   atomic.Uint64        // what the last probe has found, and when
	line   atomic.Pointer[Line] // that its last heartbeat came over
	hungUp atomic.Bool          // that line has closed; the next probe is told
	asking atomic.Uint32        // how far the next probe is
	order  atomic.Int64         // an [Order], by an operator
	// told is the time between heartbeats that the node was last told; 0:
	// none, by this tracker.
	told atomic.Int64

	// vouched is when the word of another node that this one serves is no
	// longer worth anything.
	vouched atomic.Int64

	// dossier is what is seldom needed, and would be in the way of the
	// scan. There is one from the node's first registration on.
	dossier atomic.Pointer[dossier]
}

type dossier struct {
	docket  docket
	voice   voice
	history history
}

// A word has a time in microseconds and one byte more.
const byteBits = 8

func pack(at time.Duration, b uint8) uint64 { return uint64(at.Microseconds())<<byteBits | uint64(b) }

func unpack(word uint64) (at time.Duration, b uint8) {
	return time.Duration(word>>byteBits) * time.Microsecond, uint8(word)
}

const causeBits = 4

func packSign(heard time.Duration, s Standing) uint64 {
	return pack(heard, uint8(s.State)<<causeBits|uint8(s.Cause))
}

func unpackSign(sign uint64) (heard time.Duration, s Standing) {
	heard, b := unpack(sign)
	return heard, Standing{State(b >> causeBits), Cause(b & (1<<causeBits - 1))}
}

// reset makes room for another node.
func (n *Node) reset() {
	d := new(dossier)
	n.dossier.Store(d)
	n.fitness.up.Store(-1)
	n.fitness.wear.Store(0)
	n.order.Store(0)
	n.restart(0)
}

// restart makes room for another run of the node.
func (n *Node) restart(now time.Duration) {
	n.port.Store(0)
	n.load.Store(idleLoad)
	n.told.Store(0)
	n.busyUntil.Store(0)
	n.vouched.Store(0)
	n.line.Store(nil)
	n.hungUp.Store(false)
	d := n.dossier.Load()
	d.docket.take()
	d.voice.forget()
	n.fitness.restart(now)
}

// Ordinal is the node's number, small and stable until it is purged.
func (n *Node) Ordinal() uint32 { return n.ordinal }

// State is what the tracker thinks of the node now.
func (n *Node) State() State { return n.standing().State }

func (n *Node) standing() Standing {
	_, s := unpackSign(n.sign.Load())
	return s
}

// Beside says that both are in the same zone, as far as they say where they are.
func (n *Node) Beside(other *Node) bool { return n.zone.Load() == other.zone.Load() }

// Identity is how the node has last introduced itself; not to be changed.
func (n *Node) Identity() *trackerapi.Node { return n.identity.Load() }
