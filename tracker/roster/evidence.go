package roster

import (
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Sign is a kind of evidence.
type Sign uint8

// The signs.
const (
	Registered Sign = iota // the node has introduced itself
	Heard                  // any other message of the node's present run
	Reported               // a peer has spoken against it
	Overheard              // it speaks against everybody
	Forgiven               // what it said is long ago
	Probed                 // the tracker has looked at its data port
	Left                   // the node has said goodbye
	Drained                // an operator wants it to leave
	Undrained              // he does not any more
	Silence                // nothing was heard for a while
)

// Evidence is one thing that speaks for or against a node.
type Evidence struct {
	Sign   Sign
	NewRun bool            // when Registered: of a boot epoch that was not known
	Kind   trackerapi.Kind // of the report, when Reported
	Hangup bool            // when Probed: since the connection of its heartbeats has closed
	Silent time.Duration   // how long nothing has been heard
	// Interval is the time between its heartbeats, as the node was told; 0:
	// as the policy says.
	Interval time.Duration
	// Looking says that a probe is under way, or about to be.
	Looking bool
	// Cordoned says that an operator wants the node to be in no answer.
	Cordoned bool
	// Vouched says that a node elsewhere has lately found the data port to
	// answer.
	Vouched bool
	// Port is what the data port was found to be: just now when Probed,
	// else by the latest probe, or Unasked if that is too old to count.
	Port Outcome
}

// Reason names what moved a node to another state: one word for the log and
// the metrics.
type Reason string

// The reasons. A peer's report has "report_" and its kind, a probe "probe_" and
// its outcome.
const (
	ByRegister    Reason = "register"
	ByHeartbeat   Reason = "heartbeat"
	ByLeave       Reason = "leave"
	ByDrain       Reason = "drain"
	ByUndrain     Reason = "undrain"
	BySilence     Reason = "missed_heartbeats"
	ByAccusations Reason = "accuses_everybody"
	ByTime        Reason = "forgiven"
	ByAge         Reason = "purge"
)
