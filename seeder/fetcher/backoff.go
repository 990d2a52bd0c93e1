package fetcher

import "time"

const (
	minBackoff    = 250 * time.Millisecond
	maxBackoff    = 30 * time.Second
	busyBackoff   = 100 * time.Millisecond // of a peer that said that it was busy
	backoffMemory = time.Minute            // this long after a back-off has ended, it is forgotten
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

// busy is the state after the peer has sent this node away. It has not failed:
// what is remembered of that stays as it is.
func (b backoff) busy(now time.Time) backoff {
	if until := now.Add(busyBackoff); until.After(b.until) {
		b.until = until
	}
	return b
}

// failed is the state after one more failure. Failures during a back-off do
// not add up: many streams can see the same death.
func (b backoff) failed(now time.Time) backoff {
	if b.failures > 0 && b.active(now) {
		return b
	}
	if !b.remembered(now) {
		b.failures = 0
	}
	wait := min(minBackoff<<min(b.failures, 10), maxBackoff)
	return backoff{failures: b.failures + 1, until: now.Add(wait)}
}
