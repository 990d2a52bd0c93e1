package events

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/drayproject/dray/tracker/roster"
)

// Kind is a kind of events.
type Kind uint8

// The kinds.
const (
	OfVerdict Kind = iota // a node's state has changed
	OfPull                // a pull is over
	OfMove                // a pull has begun, or has another parent
	OfWork                // something that the trackers want has got on
	kinds
)

// Event is something that has happened. One of the pointers is set.
type Event struct {
	// ID grows from event to event, over all kinds. A tracker that starts
	// begins at its start time in microseconds, so that no number means two
	// things.
	ID      uint64
	At      time.Time
	Verdict *roster.Verdict
	Pull    *Pull
	Work    *Work
}

func (e *Event) kind() Kind {
	switch {
	case e.Verdict != nil:
		return OfVerdict
	case e.Work != nil:
		return OfWork
	case e.Pull.State == Running:
		return OfMove
	}
	return OfPull
}

// Log keeps the latest events. It is safe for concurrent use.
type Log struct {
	kept  int
	first uint64 // the ID before the first one

	mu    sync.Mutex
	last  uint64
	rings [kinds]ring
	more  chan struct{} // closed with the next event; nil while nobody waits
}

// NewLog makes a Log that keeps so many events of each kind.
func NewLog(kept int) *Log {
	first := uint64(time.Now().UnixMicro())
	return &Log{kept: kept, first: first, last: first}
}

// Add numbers an event and keeps it. It holds nobody up: the roster calls it in
// the middle of a verdict.
func (l *Log) Add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e.ID, e.At = l.last, time.Now()
	l.rings[e.kind()].add(e, l.kept)
	if l.more != nil {
		close(l.more)
		l.more = nil
	}
}

// Observe implements [roster.Observer].
func (l *Log) Observe(v roster.Verdict) { l.Add(Event{Verdict: &v}) }

// Latest lists up to n events of a kind that match, the newest first, from
// those before an ID on; 0 begins with the newest.
func (l *Log) Latest(k Kind, before uint64, n int, match func(*Event) bool) (found []Event) {
	l.mu.Lock()
	all := l.rings[k].list()
	l.mu.Unlock()
	for _, e := range slices.Backward(all) {
		if len(found) == n {
			break
		}
		if (before == 0 || e.ID < before) && match(&e) {
			found = append(found, e)
		}
	}
	return found
}

// Last is the ID of the newest event.
func (l *Log) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// First is where to begin for all that is kept.
func (l *Log) First() uint64 { return l.first }

// Since lists what has happened after an ID, the oldest first. gap says that
// some of it is not kept any more, or that the ID is of another run of the
// tracker. more is closed as soon as there is more.
func (l *Log) Since(id uint64) (events []Event, gap bool, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.more == nil {
		l.more = make(chan struct{})
	}
	gap = id < l.first || id > l.last
	if gap {
		id = l.first
	}
	for k := range l.rings {
		gap = gap || l.rings[k].lost > id
		events = append(events, l.rings[k].after(id)...)
	}
	slices.SortFunc(events, func(a, b Event) int { return cmp.Compare(a.ID, b.ID) })
	return events, gap, l.more
}

// ring has the latest events of one kind, oldest first from next on.
type ring struct {
	events []Event
	next   int
	lost   uint64 // the last ID that was overwritten
}

func (r *ring) add(e Event, kept int) {
	if len(r.events) < kept {
		r.events = append(r.events, e)
		return
	}
	r.lost = r.events[r.next].ID
	r.events[r.next] = e
	r.next = (r.next + 1) % kept
}

func (r *ring) list() []Event { return slices.Concat(r.events[r.next:], r.events[:r.next]) }

func (r *ring) after(id uint64) []Event {
	if n := len(r.events); n == 0 || r.events[(r.next+n-1)%n].ID <= id {
		return nil
	}
	all := r.list()
	at, _ := slices.BinarySearchFunc(all, id+1, func(e Event, id uint64) int { return cmp.Compare(e.ID, id) })
	return all[at:]
}
