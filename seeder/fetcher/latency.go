package fetcher

import (
	"slices"
	"time"
)

const (
	latencySamples = 32          // how many times to the first byte are remembered of a peer
	latencyMemory  = time.Minute // how long; after that the peer is tried as if it were new
	learnedAt      = 8           // samples from which they are trusted

	coldHedge = 20 * time.Millisecond // hedge delay of a peer that nothing is known of
	minHedge  = 5 * time.Millisecond
	maxHedge  = 250 * time.Millisecond // of a peer that is known
	maxCold   = 25 * time.Millisecond  // of one that is not yet
)

// latency remembers how long a peer took to send its first bytes.
//
// A request that was given up counts with the time that it had been waiting:
// the true figure is larger, so the next hedge delay is too. Otherwise a peer
// that always takes longer than the delay would lose every race and never be
// known to answer.
type latency struct {
	samples [latencySamples]struct {
		took time.Duration
		at   time.Time
	}
	next int
}

func (l *latency) add(took time.Duration, now time.Time) {
	s := &l.samples[l.next%latencySamples]
	s.took, s.at = took, now
	l.next++
}

// pace sums up what is known of a peer's latency.
type pace struct {
	p95     time.Duration
	samples int // recent ones, on which p95 rests; 0: nothing is known
}

func (l *latency) pace(now time.Time) pace {
	recent := make([]time.Duration, 0, latencySamples)
	for _, s := range l.samples {
		if !s.at.IsZero() && now.Sub(s.at) < latencyMemory {
			recent = append(recent, s.took)
		}
	}
	if len(recent) == 0 {
		return pace{}
	}
	slices.Sort(recent)
	rank := (len(recent)*95+99)/100 - 1 // nearest rank, rounded up
	return pace{p95: recent[rank], samples: len(recent)}
}

// hedge is how long a peer may stay silent before the next one is asked as
// well: twice its 95th percentile, within bounds.
func (p pace) hedge() time.Duration {
	switch {
	case p.samples == 0:
		return coldHedge
	case p.samples < learnedAt:
		return min(max(2*p.p95, minHedge), maxCold)
	default:
		return min(max(2*p.p95, minHedge), maxHedge)
	}
}
