package roster

import (
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// State is what the tracker thinks of a node.
type State uint8

// The states.
const (
	Purged   State = iota // forgotten; also an ordinal that nobody has
	Joining               // known, but not heard of yet
	Ready                 // alive
	Suspect               // not to be used first
	Dead                  // not to be used
	Draining              // leaving: not to be used from now on, but still serving
	Gone                  // has left
	states
)

var stateNames = [states]string{"purged", "joining", "ready", "suspect", "dead", "draining", "gone"}

func (s State) String() string { return stateNames[s] }

// Usable says whether the node may be part of an answer.
func (s State) Usable() bool { return s == Ready || s == Suspect }

// Sign is a kind of evidence.
type Sign uint8

// The signs.
const (
	Registered Sign = iota // the node has introduced itself
	Heard                  // any other message of the node's present run
	Reported               // a peer has spoken against it
	Left                   // the node has said goodbye
	Silence                // nothing was heard for a while
)

// Evidence is one thing that speaks for or against a node.
type Evidence struct {
	Sign   Sign
	Kind   trackerapi.Kind // of the report, when Reported
	Silent time.Duration   // how long nothing was heard, when Silence
}

// Reason names what moved a node to another state: one word for the log and
// the metrics.
type Reason string

// The reasons. A peer's report has "report_" and its kind.
const (
	ByRegister  Reason = "register"
	ByHeartbeat Reason = "heartbeat"
	ByLeave     Reason = "leave"
	BySilence   Reason = "missed_heartbeats"
	ByAge       Reason = "purge"
)

// Policy is how much silence a node may keep.
type Policy struct {
	Interval     time.Duration // between heartbeats
	SuspectAfter int           // missed heartbeats
	DeadAfter    int           // missed heartbeats
	PurgeAfter   time.Duration // since the node was last heard
}

// Next is what becomes of a node in state s by the evidence, and why. The
// reason is empty if nothing changes.
//
// A node that has left comes back only by registering again: a heartbeat may
// have been under way while it left. One that was purged is told to register,
// too.
func (p Policy) Next(s State, e Evidence) (State, Reason) {
	switch e.Sign {
	case Registered:
		return move(s, Ready, ByRegister)
	case Heard:
		if s == Joining || s == Suspect || s == Dead {
			return Ready, ByHeartbeat
		}
	case Reported:
		if s == Ready {
			return Suspect, Reason("report_" + e.Kind)
		}
	case Left:
		if s != Purged && s != Gone {
			return move(s, Draining, ByLeave)
		}
	case Silence:
		return p.afterSilence(s, e.Silent)
	}
	return s, ""
}

func (p Policy) afterSilence(s State, silent time.Duration) (State, Reason) {
	switch s {
	case Dead, Gone:
		if silent >= p.PurgeAfter {
			return Purged, ByAge
		}
	case Draining:
		if silent >= p.missed(p.DeadAfter) {
			return Gone, BySilence
		}
	case Joining, Ready, Suspect:
		switch {
		case silent >= p.missed(p.DeadAfter):
			return Dead, BySilence
		case silent >= p.missed(p.SuspectAfter):
			return move(s, Suspect, BySilence)
		}
	}
	return s, ""
}

// missed is the silence after which n heartbeats have been missed. Each has a
// quarter of the interval to arrive late in.
func (p Policy) missed(n int) time.Duration {
	return time.Duration(n)*p.Interval + p.Interval/4
}

func move(from, to State, why Reason) (State, Reason) {
	if from == to {
		return from, ""
	}
	return to, why
}
