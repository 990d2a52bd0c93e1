package roster

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxPast  = 16               // verdicts that are kept of a node
	halfLife = 10 * time.Minute // in which half of what a node did is forgiven
	grownUp  = 10 * time.Minute // uptime after which a node is as good as any
)

// Past is a verdict of the past.
type Past struct {
	At     time.Time
	State  State
	Reason Reason
}

// Record is what is known of a node's past.
type Record struct {
	Flaps    int           // returns from the dead
	Failures int           // deaths
	Uptime   time.Duration // since it was last restarted or came back; 0 when it is not there
	Latest   []Past        // the latest verdicts, oldest first
}

// history keeps a node's past, over restarts of its seeder.
type history struct {
	mu     sync.Mutex
	record Record // all but Uptime
}

// fitness is what is left of a node's past in a number. Every lookup asks for that of
// dozens of nodes: it takes no lock, and lies where the rest is that they ask for.
type fitness struct {
	up   atomic.Int64  // since when, by the roster's clock in ns; less than 0 when it is not there
	wear atomic.Uint64 // see [wear]
}

// wear is how much a node has failed, as a number that halves with time, and
// when that was so: one word, which is 0 for a node that never did.
type wear uint64

func newWear(amount float64, at time.Duration) wear {
	return wear(uint64(math.Float32bits(float32(amount)))<<32 | uint64(uint32(at.Seconds())))
}

func (w wear) amount(now time.Duration) float64 {
	if w == 0 {
		return 0
	}
	since := now.Seconds() - float64(uint32(w))
	return float64(math.Float32frombits(uint32(w>>32))) * math.Exp2(-max(0, since)/halfLife.Seconds())
}

// note adds a verdict, to the node's fitness as well.
func (h *history) note(v Verdict, f *fitness, now time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := append(h.record.Latest, Past{time.Now(), v.To, v.Reason})
	h.record.Latest = slices.Delete(all, 0, max(0, len(all)-maxPast))
	switch {
	case v.To == Dead:
		h.record.Failures++
		f.worn(now)
	case v.From == Dead && v.To.Usable():
		h.record.Flaps++
		f.worn(now)
	}
	switch {
	case !v.To.Usable():
		f.up.Store(-1)
	case !v.From.Usable():
		f.up.Store(int64(now))
	}
}

func (f *fitness) worn(now time.Duration) {
	f.wear.Store(uint64(newWear(1+wear(f.wear.Load()).amount(now), now)))
}

// restart begins the uptime again.
func (f *fitness) restart(now time.Duration) {
	if f.up.Load() >= 0 {
		f.up.Store(int64(now))
	}
}

func (f *fitness) uptime(now time.Duration) time.Duration {
	if up := f.up.Load(); up >= 0 {
		return max(0, now-time.Duration(up))
	}
	return 0
}

// stability goes from 0 to 1: 1 for a node that has been there for a while and
// did not fail lately. It takes no lock: every lookup asks.
func stability(wear float64, uptime time.Duration) float64 {
	return (1 + min(1, float64(uptime)/float64(grownUp))) / 2 / (1 + wear)
}

// Stability is how well the node has done lately, from 0 to 1: deaths and
// returns lower it, for a while, and a short uptime does, by half at most. It
// lowers a rank and excludes nobody.
func (r *Roster) Stability(n *Node) float64 {
	f, now := &n.fitness, r.clock()
	return stability(wear(f.wear.Load()).amount(now), f.uptime(now))
}

// Record is the node's past.
func (r *Roster) Record(n *Node) Record {
	h := &n.dossier.Load().history
	h.mu.Lock()
	defer h.mu.Unlock()
	rec := h.record
	rec.Uptime, rec.Latest = n.fitness.uptime(r.clock()), slices.Clone(h.record.Latest)
	return rec
}
