package fetcher

import "time"

const (
	stretch   = 300 * time.Millisecond // after which it is judged how a body fares
	leastRest = 2 * time.Second        // after a source that was of no use, until the next is tried
	mostRest  = 30 * time.Second       // the same, after many
	gain      = 1.15                   // what one more source has to make of the rate
	worthTime = 500 * time.Millisecond // that the rest has to take, for another source to be tried
)

// pilot decides from how many sources a body comes at a time. Nobody tells it
// what the links carry: while the reader mostly waits, it tries one more source,
// and keeps it if more bytes come than before. Where the reader is what is slow,
// or this node's own link is full, one source does.
type pilot struct {
	most int // sources

	began   time.Time // of this stretch
	arrived int64     // bytes, until then
	waited  time.Duration

	trial  bool    // the last source has to prove itself
	before float64 // bytes per second without it
	rest   time.Duration
	until  time.Time // none is tried before
}

// fare is how a body has fared so far.
type fare struct {
	arrived int64         // bytes that have come, those included that wait for their turn
	waited  time.Duration // for bytes, by the reader
	left    int64         // bytes that have not been read
	sources int
}

// change is what to do about the number of sources.
type change int

const (
	stay change = iota
	more
	fewer // without the one that came last
)

// judge looks at one stretch after the other.
func (p *pilot) judge(now time.Time, f fare) change {
	took := now.Sub(p.began)
	if took < stretch {
		return stay
	}
	rate := float64(f.arrived-p.arrived) / took.Seconds()
	waiting := (f.waited-p.waited)*2 > took
	p.mark(now, f)
	switch {
	case p.trial && rate < gain*p.before:
		p.refused(now)
		return fewer
	case p.trial:
		p.trial, p.rest = false, 0
	}
	if !waiting || f.sources >= p.most || now.Before(p.until) || float64(f.left) < rate*worthTime.Seconds() {
		return stay
	}
	p.trial, p.before = true, rate
	return more
}

// mark begins another stretch.
func (p *pilot) mark(now time.Time, f fare) {
	p.began, p.arrived, p.waited = now, f.arrived, f.waited
}

// refused notes that a source was of no use.
func (p *pilot) refused(now time.Time) {
	p.trial = false
	p.rest = min(max(2*p.rest, leastRest), mostRest)
	p.until = now.Add(p.rest)
}

// alone notes that there is no other source.
func (p *pilot) alone(now time.Time) {
	p.trial = false
	p.until = now.Add(leastRest)
}
