package roster

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	maxNodes  = 250_000 // far beyond any cluster; a name that changes all the time must not fill the memory
	maxZones  = 10_000
	chunkSize = 1024
)

// Verdict is a change of a node's state.
type Verdict struct {
	Node     string
	Ordinal  uint32
	Epoch    int64
	From, To State
	Reason   Reason
}

// Observer is told of every verdict, by the goroutine that reached it and
// before anything else can happen to the node: it must not call the roster.
// The ordinal of a node that was purged is given to another only after Observe
// has returned.
type Observer interface {
	Observe(Verdict)
}

// Roster is the list of nodes. It is safe for concurrent use.
type Roster struct {
	policy   Policy
	observer Observer
	log      *slog.Logger

	// now is the roster's own clock: the time for which the tracker has
	// been awake, as of the last scan.
	now    atomic.Int64
	counts [states]atomic.Int64
	closed [NumGates]atomic.Bool
	// mutedUntil is when the last bad reporter is listened to again.
	mutedUntil atomic.Int64
	// interval is between heartbeats, as of the last scan; see [Roster.Tell].
	interval  atomic.Int64
	gates     *gates     // only the scan touches them
	wanted    chan *Node // to be probed
	inquiries inquiries

	// mu guards what follows, and identities. Evidence about a run of a
	// node is weighed with mu held for reading: a new run can't begin
	// between the check of the epoch and the verdict.
	mu     sync.RWMutex
	byName map[string]*Node
	free   []*Node // purged
	size   int     // ordinals that were ever given out
	zones  map[string]uint32

	// chunks only ever grow, and nodes in them stay where they are, so
	// that they can be read without a lock.
	chunks atomic.Pointer[[]*[chunkSize]Node]
}

// New makes an empty roster. [Roster.Run] must run for silence to count.
func New(policy Policy, observer Observer, log *slog.Logger) *Roster {
	r := &Roster{
		policy: policy, observer: observer, log: log,
		wanted: make(chan *Node, maxWanted), gates: newGates(policy),
		byName: map[string]*Node{}, zones: map[string]uint32{},
	}
	r.chunks.Store(&[]*[chunkSize]Node{})
	r.interval.Store(int64(policy.Interval))
	return r
}

// Register makes a node ready, be it new, back, or the same as before.
// newRun says that it is a new boot epoch of a node that was known.
func (r *Roster) Register(id trackerapi.Node) (n *Node, newRun bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n = r.byName[id.Name]
	switch {
	case n == nil:
		if n, err = r.add(id, r.clock(), Joining); err != nil {
			return nil, false, err
		}
	case id.Epoch < n.Identity().Epoch:
		return nil, false, stale(id.Name, id.Epoch, n.Identity().Epoch)
	default:
		if newRun = id.Epoch > n.Identity().Epoch; newRun {
			n.restart(r.clock())
		}
		n.identity.Store(&id)
		n.zone.Store(r.zone(id.Zone))
	}
	r.weigh(n, Evidence{Sign: Registered, NewRun: newRun})
	return n, newRun, nil
}

// Restore makes a node that is remembered from before known again, in that
// state, and says whether it was not known. A node that should be alive has the
// grace to be heard in before its silence counts. No verdict is made of it.
func (r *Roster) Restore(id trackerapi.Node, s State, grace time.Duration) (n *Node, restored bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n = r.byName[id.Name]; n != nil {
		return n, false, nil
	}
	n, err = r.add(id, r.clock()+grace, s)
	return n, err == nil, err
}

// add makes a node known, the lock being held.
func (r *Roster) add(id trackerapi.Node, heard time.Duration, s State) (*Node, error) {
	n, err := r.place()
	if err != nil {
		return nil, err
	}
	n.reset()
	n.identity.Store(&id)
	n.zone.Store(r.zone(id.Zone))
	n.sign.Store(packSign(heard, Standing{State: s}))
	if s.Usable() {
		n.fitness.up.Store(int64(heard))
	}
	r.byName[id.Name] = n
	return n, nil
}

// zone numbers the zones, the lock being held. Those beyond the bound count as
// one.
func (r *Roster) zone(name string) uint32 {
	number, known := r.zones[name]
	if !known && len(r.zones) < maxZones-1 {
		number = uint32(len(r.zones) + 1)
		r.zones[name] = number
	}
	return number
}

// place finds an ordinal for a new node, the lock being held.
func (r *Roster) place() (*Node, error) {
	if last := len(r.free) - 1; last >= 0 {
		n := r.free[last]
		r.free = r.free[:last]
		return n, nil
	}
	if r.size == maxNodes {
		return nil, trackerapi.Errorf(trackerapi.CodeUnavailable, "there are %d nodes already", r.size)
	}
	chunks := *r.chunks.Load()
	if r.size == len(chunks)*chunkSize {
		chunks = append(chunks, new([chunkSize]Node))
		r.chunks.Store(&chunks)
	}
	n := &chunks[r.size/chunkSize][r.size%chunkSize]
	n.ordinal = uint32(r.size)
	r.size++
	return n, nil
}

func (r *Roster) clock() time.Duration { return time.Duration(r.now.Load()) }

func stale(name string, epoch, latest int64) error {
	return trackerapi.Errorf(trackerapi.CodeStaleEpoch, "epoch %d of node %q is over: the latest is %d", epoch, name, latest)
}
