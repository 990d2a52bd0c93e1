// Package journal is the contract of the trackers' common memory: what
// trackers write down of the nodes, so that one that starts knows at once what
// the others know, or knew.
//
// The common memory holds state, not a log: of each node one entry, which is
// replaced whole. Whoever writes an entry writes all that it knows, and two
// that write the same one after the other leave no mixture. So nothing has to
// be kept for later when the memory is away: what is missing from it is seen
// by comparing it with what the tracker knows. For that each entry has a
// [Stamp], small enough that all of them can be read every few seconds.
//
// Entries lie on a fixed number of shelves, by their names, so that reading
// everything is a number of small steps.
//
// Nothing that a node waits for may depend on a Journal. Every step of an
// implementation ends well within a second, by an error if need be. Package
// journaltest has the conformance suite.
package journal

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Shelves is into how many parts the entries are divided.
const Shelves = 64

// Shelf is where a node's entry lies.
func Shelf(node string) int { return int(xxhash.Sum64String(node) % Shelves) }

// MaxHistory is how many verdicts an entry has at most.
const MaxHistory = 16

// ErrRefused is what errors wrap that waiting does not mend, only an operator:
// a wrong password, a server that is too old, keys that are somebody else's.
var ErrRefused = errors.New("the common memory can't be used")

// Entry is what the trackers have written down of one node.
type Entry struct {
	Node    trackerapi.Node
	Heard   time.Time // the last sign of life, by the writer's clock; coarse, in seconds
	History []Verdict // the latest ones, oldest first
	// Set is the node's inventory. It is nil in an entry whose set can't be
	// read any more, and never in one that is written.
	Set *Set
}

// Verdict is one change of a node's state.
type Verdict struct {
	At     time.Time // in seconds
	State  string    // the new one; one word
	Reason string    // one word
}

// Set is an inventory, in no order and without repetitions.
type Set struct {
	Digests []digest.Digest
	Images  []trackerapi.Image // times in microseconds
}

// Hash is the set's fingerprint.
func (s *Set) Hash() (h trackerapi.SetHash) {
	for _, d := range s.Digests {
		h.Digest(d)
	}
	for _, i := range s.Images {
		h.Image(i)
	}
	return h
}

// Stamp tells one state of a node's entry from another.
type Stamp struct {
	Node   string
	Epoch  int64
	Hash   trackerapi.SetHash // of the set
	Heard  time.Time          // in seconds
	Writer string             // which journal's Write it was, as its ID
}

// Journal is one tracker's hold on the common memory. Its methods are not for
// concurrent use.
type Journal interface {
	// ID tells this Journal from all others that were ever opened: 16
	// hexadecimal digits.
	ID() string
	// Open checks that there is a memory and that it is the trackers' own.
	// It has to succeed once before anything else is tried. It changes
	// nothing where it fails.
	Open(ctx context.Context) error
	// Close lets go of it.
	Close() error

	Reader
	Writer
	Orders
	Attendance
}

// Reader reads what any tracker has written.
type Reader interface {
	// Load yields every entry, in no order, while they may be changing.
	// After an error nothing more comes.
	Load(ctx context.Context) iter.Seq2[Entry, error]
	// Stamps has the stamps of all entries of one shelf.
	Stamps(ctx context.Context, shelf int) ([]Stamp, error)
}

// Writer changes entries. After an error any part of the change may have been
// made; making it again does no harm.
type Writer interface {
	// Write puts entries in place of what was known of these nodes. They
	// are meant to be a few dozen.
	Write(ctx context.Context, entries []Entry) error
	// Touch gives entries new stamps without changing them otherwise. It
	// is for a new Heard, a few hundred at a time.
	Touch(ctx context.Context, stamps []Stamp) error
	// Remove forgets nodes, and the orders about them.
	Remove(ctx context.Context, nodes []string) error
}

// Orders is how a tracker tells the others what operators want of nodes. An order
// is a number that only grows; whoever finds a smaller one than it knows gives
// its own again. It lies apart from the entries, since the tracker that is given
// an order is seldom the one that writes the node's entry.
type Orders interface {
	// Orders has all orders, by node.
	Orders(ctx context.Context) (map[string]int64, error)
	// Order puts orders in place of what was known of these nodes. Remove
	// forgets them.
	Order(ctx context.Context, orders map[string]int64) error
}

// Attendance is how trackers know of each other.
type Attendance interface {
	// Attend notes that this tracker is there, and lists the last beat of
	// every tracker by ID. One whose beat does not change is not there: so
	// nobody's clock has to agree with another's.
	Attend(ctx context.Context, beat int64) (map[string]int64, error)
	// Forget takes another tracker off the list, with all that only its
	// entries need. Sets that it wrote and nobody has written since can't
	// be read afterwards.
	Forget(ctx context.Context, id string) error
}
