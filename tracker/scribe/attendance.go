package scribe

import (
	"time"

	"github.com/cespare/xxhash/v2"
)

const (
	absentAfter = 5 * time.Second // without a new beat another tracker's nodes are taken over
	goneAfter   = time.Minute     // and what it has written is written again
)

// attendance knows which trackers are there: those whose beat changes. All
// times are of this tracker's own clock.
type attendance struct {
	me   string
	seen map[string]beat
}

type beat struct {
	number int64
	since  time.Time
}

// note takes in the beats that the journal has now.
func (a *attendance) note(beats map[string]int64, now time.Time) {
	for id, number := range beats {
		if b, known := a.seen[id]; !known || b.number != number {
			a.seen[id] = beat{number, now}
		}
	}
}

// home is the tracker that writes a node's page.
func (a *attendance) home(node string, now time.Time) (id string) {
	best := uint64(0)
	for other, b := range a.seen {
		if other != a.me && now.Sub(b.since) > absentAfter {
			continue
		}
		if weight := xxhash.Sum64String(other + "/" + node); id == "" || weight > best {
			id, best = other, weight
		}
	}
	return id
}

// present counts the trackers that are there, this one among them.
func (a *attendance) present(now time.Time) (count int) {
	for id, b := range a.seen {
		if id == a.me || now.Sub(b.since) <= absentAfter {
			count++
		}
	}
	return count
}

// gone says whether a tracker has long not been there. One that was never seen
// counts from now.
func (a *attendance) gone(id string, now time.Time) bool {
	switch id {
	case a.me:
		return false
	case "": // the page is damaged
		return true
	}
	b, known := a.seen[id]
	if !known {
		a.seen[id] = beat{since: now.Add(-absentAfter - 1)}
		return false
	}
	return now.Sub(b.since) > goneAfter
}

// strike forgets a tracker.
func (a *attendance) strike(id string) { delete(a.seen, id) }
