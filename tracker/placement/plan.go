package placement

import (
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Task is an image that one node has to get.
type Task struct {
	// ID is the same whoever plans it: it is made of the node's name, the
	// image and the digest (and the job, while the digest is not known).
	ID string `json:"id"`
	// Attempt begins at 1 and grows with each failure that is known of.
	Attempt int    `json:"attempt"`
	Node    uint32 `json:"node"` // ordinal
	Name    string `json:"name"` // of the node
	Image   string `json:"image"`
	// Digest is empty while nobody knows what the job's image stands for.
	Digest digest.Digest `json:"digest,omitempty"`
	// Owners want it pinned; Wanted are all that want it: "policy/base".
	Owners     []string  `json:"owners,omitempty"`
	Wanted     []string  `json:"wanted"`
	Platforms  []string  `json:"platforms,omitempty"`
	Unpack     bool      `json:"unpack,omitempty"`
	PullSecret string    `json:"pull_secret,omitempty"`
	Rate       int64     `json:"rate,omitempty"` // bytes per second; 0: no bound
	Given      time.Time `json:"given"`
	// Deadline is when it is given up; zero: never.
	Deadline time.Time `json:"deadline,omitzero"`
}

// Plan is what follows.
type Plan struct {
	// Tasks are all that should be known from now on: those of the world that
	// go on, those that have ended and have to be remembered, those that were
	// recognised, and new ones. What is not among them is to be withdrawn,
	// and forgotten. In the order of the nodes' names, then of IDs.
	Tasks []Known
	// New are the IDs, of those, that were not in the world.
	New []string
	// Pins are what each node has to keep, by ordinal: what it has and what
	// it is still getting. A node that is missing here keeps nothing.
	Pins map[uint32][]trackerapi.Pin
	// Images say how it stands for each policy and image.
	Images []Status
	// Jobs say how it stands for each job, in the order given.
	Jobs []JobStatus
	// Drains say what has still to be saved from nodes in the state Saving.
	Drains []DrainStatus
	// Next is when something can change by time alone: a repair that waits,
	// a retry, a deadline. Zero: never.
	Next time.Time
}

// MaxShown bounds the nodes that a Status names.
const MaxShown = 100

// Status is how it stands with one image of one policy.
type Status struct {
	Policy string        `json:"policy"`
	Image  string        `json:"image"`
	Digest digest.Digest `json:"digest"`
	Wanted int           `json:"wanted"` // copies
	// Live is how many live nodes have a copy that counts.
	Live int `json:"live"`
	// Have are those nodes by name, and Coming are nodes that are getting a
	// copy: at most [MaxShown] of each.
	Have   []string `json:"have"`
	Coming []string `json:"coming,omitempty"`
	// Missing is how many there will be too few when those have come.
	Missing int `json:"missing,omitempty"`
	// Reasons say why, or what it waits for.
	Reasons []Reason `json:"reasons,omitempty"`
}

// Cause is a kind of reason. It is a metric's label as well.
type Cause string

// The causes.
const (
	CauseNodes  Cause = "nodes"  // too few nodes are selected, or live
	CauseSpread Cause = "spread" // too few zones, or whatever it is spread over
	CauseRoom   Cause = "room"   // nodes have no room, or too many pins
	CauseRepair Cause = "repair" // a node is away that may come back
	CauseBudget Cause = "budget" // enough is under way
	CauseHeld   Cause = "held"   // nodes can't be judged, or too many are away
	CauseFailed Cause = "failed" // it has failed, and is tried again
	// CauseConflict: another policy contradicts this one, see [Contradictions].
	CauseConflict Cause = "conflict"
)

// Reason is why there is not what should be.
type Reason struct {
	Cause Cause  `json:"cause"`
	Text  string `json:"text"`
	// Until is when it is looked at again because of it; zero: unknown.
	Until time.Time `json:"until,omitzero"`
}

// JobStatus is how it stands with a job.
type JobStatus struct {
	ID string `json:"id"`
	// Nodes are all that are selected, or have a task, by name and image.
	Nodes []JobNode `json:"nodes"`
	// These count pairs of a node and an image. Running ones have been given
	// to their nodes.
	Done      int `json:"done"`
	Failed    int `json:"failed"`
	Cancelled int `json:"cancelled"`
	Running   int `json:"running"`
	Waiting   int `json:"waiting"`
	// Over: nothing more will be done for it.
	Over bool `json:"over"`
}

// JobNode is one image on one node.
type JobNode struct {
	Node    string           `json:"node"`
	Image   string           `json:"image"`
	Phase   trackerapi.Phase `json:"phase"`
	Attempt int              `json:"attempt,omitempty"`
	// Task is its ID, if it has one: see Plan.Tasks for the progress.
	Task   string `json:"task,omitempty"`
	Reason string `json:"reason,omitempty"` // why it failed, or waits
}

// DrainStatus is how it stands with a node that is to be saved.
type DrainStatus struct {
	Node string `json:"node"`
	// Left is what is not elsewhere yet; when there is none, it may leave.
	Left []Leftover `json:"left,omitempty"`
}

// Leftover is an image that a node should not leave with.
type Leftover struct {
	Image  string        `json:"image"`
	Digest digest.Digest `json:"digest"`
	// Live is how many other live nodes have it, Wanted how many should.
	Live   int `json:"live"`
	Wanted int `json:"wanted"`
	// Bytes of it; 0 is unknown.
	Bytes int64 `json:"bytes,omitempty"`
	// Stuck: no node can take it, so that waiting will not help.
	Stuck  bool   `json:"stuck,omitempty"`
	Reason string `json:"reason,omitempty"` // what it waits for
}
