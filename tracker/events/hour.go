package events

import (
	"math/rand/v2"
	"slices"
	"time"
)

const (
	minutes  = 60
	maxTimed = 256 // pulls of a minute whose time is kept; of more, a fair sample
)

// Minute is what pulls came to within one minute.
type Minute struct {
	At                     time.Time // its beginning
	PeerBytes, OriginBytes int64
	Complete, Ended, Lost  int64
	// Took is how long complete pulls took, in rising order: all of them, or
	// a fair sample. A pull that was first heard of when it was over has no
	// time.
	Took []time.Duration
}

// hour keeps the latest minutes, each in the place of the one an hour before.
type hour [minutes]struct {
	Minute
	timed int // pulls that had a time
}

func place(at time.Time) int { return int(at.Unix() / 60 % minutes) }

// now is the current minute.
func (h *hour) now() *Minute {
	at := time.Now().Truncate(time.Minute)
	m := &h[place(at)]
	if !m.At.Equal(at) {
		m.Minute, m.timed = Minute{At: at}, 0
	}
	return &m.Minute
}

// took enters a complete pull's time.
func (h *hour) took(d time.Duration) {
	now := h.now()
	m := &h[place(now.At)]
	m.timed++
	if len(m.Took) < maxTimed {
		m.Took = append(m.Took, d)
	} else if i := rand.IntN(m.timed); i < maxTimed { // every pull has the same chance to be kept
		m.Took[i] = d
	}
}

// list has all minutes of the hour, the oldest first; the last one goes on.
func (h *hour) list() []Minute {
	last := time.Now().Truncate(time.Minute)
	all := make([]Minute, minutes)
	for i := range all {
		at := last.Add(time.Duration(i+1-minutes) * time.Minute)
		all[i].At = at
		if m := &h[place(at)]; m.At.Equal(at) {
			all[i] = m.Minute
			all[i].Took = slices.Sorted(slices.Values(m.Took))
		}
	}
	return all
}
