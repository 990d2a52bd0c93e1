package fetcher

import "time"

const (
	minBackoff    = 250 * time.Millisecond
	maxBackoff    = 30 * time.Second
	backoffMemory = time.Minute // this long after a back-off has ended, it is forgotten
)

// backoff is the state of a peer that failed: until its time is over it is
// asked after all others.
type backoff struct {
	failures int // in a row
	until    time.Time
}

func (b backoff) active(now time.Time) bool { return now.Before(b.until) }

// remembered tells whether the peer has not delivered since it failed.
func (b backoff) remembered(now time.Time) bool {
	return b.failures > 0 && now.Sub(b.until) <= backoffMemory
}

// failed is the state after one more failure. Failures during a back-off do
// not add up: many streams can see the same death.
func (b backoff) failed(now time.Time) backoff {
	if b.active(now) {
		return b
	}
	if !b.remembered(now) {
		b.failures = 0
	}
	wait := min(minBackoff<<min(b.failures, 10), maxBackoff)
	return backoff{failures: b.failures + 1, until: now.Add(wait)}
}
