package roster

import "context"

// Outcome is what a look at a node's data port has shown.
type Outcome uint8

// The outcomes.
const (
	Unasked Outcome = iota // nobody has looked lately
	Alive                  // it answers
	Refused                // its machine says that nobody listens
	Mute                   // no answer in time
	Unsure                 // the tracker could not look
)

var outcomeNames = [...]string{"unasked", "alive", "refused", "mute", "unsure"}

func (o Outcome) String() string { return outcomeNames[o] }

// Failed says that the port was looked at and does not serve.
func (o Outcome) Failed() bool { return o == Refused || o == Mute }

// Prober looks at the data port of a node, host:port. It returns within a
// fraction of a second, and at once when ctx ends; it may be asked about many
// nodes at a time.
type Prober interface {
	Probe(ctx context.Context, addr string) Outcome
}
