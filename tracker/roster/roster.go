package roster

import (
	"iter"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	maxNodes  = 250_000 // far beyond any cluster; a name that changes all the time must not fill the memory
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

	// mu guards what follows, and identities. Evidence about a run of a
	// node is weighed with mu held for reading: a new run can't begin
	// between the check of the epoch and the verdict.
	mu     sync.RWMutex
	byName map[string]*Node
	free   []*Node // purged
	size   int     // ordinals that were ever given out

	// chunks only ever grow, and nodes in them stay where they are, so
	// that they can be read without a lock.
	chunks atomic.Pointer[[]*[chunkSize]Node]
}

// New makes an empty roster. [Roster.Run] must run for silence to count.
func New(policy Policy, observer Observer, log *slog.Logger) *Roster {
	r := &Roster{policy: policy, observer: observer, log: log, byName: map[string]*Node{}}
	r.chunks.Store(&[]*[chunkSize]Node{})
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
		if n, err = r.place(); err != nil {
			return nil, false, err
		}
		n.identity.Store(&id)
		n.sign.Store(pack(r.clock(), Joining))
		r.byName[id.Name] = n
	case id.Epoch < n.Identity().Epoch:
		return nil, false, stale(id.Name, id.Epoch, n.Identity().Epoch)
	default:
		newRun = id.Epoch > n.Identity().Epoch
		n.identity.Store(&id)
	}
	r.weigh(n, Evidence{Sign: Registered})
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
	if n, err = r.place(); err != nil {
		return nil, false, err
	}
	n.identity.Store(&id)
	n.sign.Store(pack(r.clock()+grace, s))
	r.byName[id.Name] = n
	return n, true, nil
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

// Hear notes a sign of life of a node's present run, and returns the node. It
// will not be purged for a long time: its ordinal can be used meanwhile.
func (r *Roster) Hear(from trackerapi.Sender) (*Node, error) {
	return r.witness(from, Heard)
}

// Heartbeat is Hear with what the node says of its load.
func (r *Roster) Heartbeat(from trackerapi.Sender, load trackerapi.Load) (*Node, error) {
	n, err := r.witness(from, Heard)
	if err == nil {
		n.uploads.Store(int32(min(max(load.Uploads, 0), math.MaxInt32)))
	}
	return n, err
}

// Leave takes the node out of the answers. It fails like [Roster.Hear].
func (r *Roster) Leave(from trackerapi.Sender) error {
	_, err := r.witness(from, Left)
	return err
}

// witness weighs what a node says about itself.
func (r *Roster) witness(from trackerapi.Sender, sign Sign) (*Node, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n := r.byName[from.Node]
	if n == nil {
		return nil, trackerapi.Errorf(trackerapi.CodeUnknownNode, "node %q is not registered", from.Node)
	}
	switch epoch := n.Identity().Epoch; {
	case from.Epoch < epoch:
		return nil, stale(from.Node, from.Epoch, epoch)
	case from.Epoch > epoch:
		return nil, trackerapi.Errorf(trackerapi.CodeUnknownNode, "epoch %d of node %q is not registered", from.Epoch, from.Node)
	}
	r.weigh(n, Evidence{Sign: sign})
	return n, nil
}

// Accuse weighs a peer's report about a run of a node. A report about another
// run, or an unknown node, has no effect.
func (r *Roster) Accuse(peer string, epoch int64, kind trackerapi.Kind) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if n := r.byName[peer]; n != nil && n.Identity().Epoch == epoch {
		r.weigh(n, Evidence{Sign: Reported, Kind: kind})
	}
}

// ByName is the node of that name, or nil.
func (r *Roster) ByName(name string) *Node {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byName[name]
}

// At is the node with that ordinal, or nil. One that is in no answer any more
// is Purged.
func (r *Roster) At(ordinal uint32) *Node {
	chunks := *r.chunks.Load()
	if at := int(ordinal / chunkSize); at < len(chunks) {
		return &chunks[at][ordinal%chunkSize]
	}
	return nil
}

// All yields every node that is not purged.
func (r *Roster) All() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for _, chunk := range *r.chunks.Load() {
			for i := range chunk {
				if n := &chunk[i]; n.State() != Purged && !yield(n) {
					return
				}
			}
		}
	}
}

// Silence is how long the node was not heard; negative in the grace after
// [Roster.Restore].
func (r *Roster) Silence(n *Node) time.Duration {
	heard, _ := unpack(n.sign.Load())
	return r.clock() - heard
}

// Count is the number of nodes in that state at the last scan.
func (r *Roster) Count(s State) int { return int(r.counts[s].Load()) }

// weigh changes a node by one piece of evidence, and returns its state then.
// If another does the same at the same time, it looks again at what that one
// has left.
func (r *Roster) weigh(n *Node, e Evidence) State {
	for {
		before := n.sign.Load()
		heard, from := unpack(before)
		switch e.Sign {
		case Registered, Heard:
			heard = r.clock()
		case Silence:
			e.Silent = r.clock() - heard
		}
		to, why := r.policy.Next(from, e)
		after := pack(heard, to)
		if after == before || n.sign.CompareAndSwap(before, after) {
			if from != to {
				r.pronounce(n, from, to, why)
			}
			return to
		}
	}
}

func (r *Roster) pronounce(n *Node, from, to State, why Reason) {
	id := n.Identity()
	v := Verdict{Node: id.Name, Ordinal: n.ordinal, Epoch: id.Epoch, From: from, To: to, Reason: why}
	r.log.Info("node is "+to.String(), "node", v.Node, "epoch", v.Epoch, "addr", id.Addr, "was", from.String(), "reason", string(why))
	r.observer.Observe(v)
}

func (r *Roster) clock() time.Duration { return time.Duration(r.now.Load()) }

func stale(name string, epoch, latest int64) error {
	return trackerapi.Errorf(trackerapi.CodeStaleEpoch, "epoch %d of node %q is over: the latest is %d", epoch, name, latest)
}
