package roster

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

// Cause is why a node is suspect or draining, as far as that decides what ends
// it.
type Cause uint8

// The causes.
const (
	NoCause     Cause = iota
	Missing           // heartbeats do not come: the next one ends it
	Accused           // by a peer: the port that answers ends it, or a heartbeat where nobody can look
	Unproven          // it is heard, but its data port was found dead: only the port that answers ends it
	Discredited       // by its own accusations: time ends it
	Cordoned          // it drains, or is gone, because an operator wants it to
)

// Standing is a state with its cause.
type Standing struct {
	State State
	Cause Cause
}
