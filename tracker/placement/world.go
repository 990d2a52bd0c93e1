package placement

import (
	"fmt"
	"iter"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// World is what is. Whoever makes it sets all of it anew for each plan; [Make]
// changes nothing in it.
type World struct {
	// Nodes are all that are known, the dead among them, each ordinal once.
	Nodes []Node
	// Content says who has what.
	Content Content
	// Parts are what the image of a digest consists of, if that is known;
	// else nil. The function may be nil.
	Parts func(digest.Digest) []trackerapi.Part
	// Tasks are all that have been given and not been forgotten yet, with
	// what their nodes said last. See [Plan.Tasks].
	Tasks []Known
	// Held says why nothing new is to be given for policies, because what is
	// known of the nodes may be wrong: a gate of the roster is closed. Empty:
	// nothing is held. Jobs and drains go on.
	Held   string
	Limits Limits
}

func (w *World) parts(d digest.Digest) []trackerapi.Part {
	if w.Parts == nil {
		return nil
	}
	return w.Parts(d)
}

// Content says which nodes have which images. A node has an image once its
// containerd has recorded the name, which it does when all of it is there. It
// knows a node for as long as the World has it.
type Content interface {
	// Latest yields, for each name that a node has, dead ones too, the
	// version that was recorded last.
	Latest() iter.Seq[trackerapi.Image]
	// Holders are the nodes, by ordinal and in any state, that have the name
	// for this digest. The caller does not change the slice.
	Holders(name string, d digest.Digest) []uint32
	// Of are all images of one node.
	Of(node uint32) []trackerapi.Image
}

// State is what placement has to know of a node's state.
type State uint8

// The states.
const (
	// Away: dead, gone, or not heard of yet.
	Away State = iota
	// Live: ready or suspect.
	Live
	// Leaving: draining. It will be away soon.
	Leaving
	// Saving: it is about to be drained, once what only it has, or what would
	// fall below a policy's factor without it, is elsewhere. It still gives.
	Saving
)

var stateNames = [...]string{Away: "away", Live: "live", Leaving: "draining", Saving: "to be drained"}

// String names the state.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", s)
}

// Node is one node.
type Node struct {
	Ordinal uint32
	Name    string
	Zone    string
	Labels  map[string]string
	State   State
	// Since is when it left Live; used in the other states only.
	Since time.Time
	// Joined is when it was first known; a job that is not standing means
	// only nodes that had joined when it was created. Zero: before anything.
	Joined    time.Time
	Stability float64 // 0 to 1
	Uploads   int
	Slots     int    // 0: no bound
	Degraded  string // why it should come last, or empty
	// Room as it was told last; Total 0 is unknown.
	Room trackerapi.Room
	// Pins as they were told last, of dead nodes too.
	Pins []trackerapi.Pin
	// Strange are tasks that the node says it has and World.Tasks has not: a
	// tracker that has just begun to place finds them, and Make recognises
	// those that it would give itself.
	Strange []trackerapi.TaskState
}

// Known is a task that was given, and what came of it.
type Known struct {
	Task
	// State is what the node said last; its Phase is empty before that.
	State trackerapi.TaskState
	// Ended is when its end became known; zero while it goes on.
	Ended time.Time
}

// Over says whether it has come to an end.
func (k *Known) Over() bool { return k.State.Phase.Over() }

// Limits bound what is under way. Zero fields have the values of [DefaultLimits].
type Limits struct {
	// PerNode is how many tasks one node is given at a time.
	PerNode int
	// Total is how many are under way in the whole cluster.
	Total int
	// MaxAway is the share of the selected nodes that may be away. When more
	// are, policies do nothing new: it is a disaster, or an error, and copying
	// would not help against either. 0 to 1.
	MaxAway float64
	// Reserve is the share of a node's file system that replicas leave free.
	Reserve float64
}

// DefaultLimits are good for a start: half of the nodes may be away, since a
// whole zone of two can be.
func DefaultLimits() Limits {
	return Limits{PerNode: 4, Total: 256, MaxAway: 0.5, Reserve: 0.15}
}
