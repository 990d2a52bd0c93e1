package announcer

import "time"

const (
	tolerated     = 2                     // failed lookups in a row that open the breaker
	firstCooldown = 50 * time.Millisecond // the first time: it may have been this machine that stood still
	minCooldown   = time.Second
	maxCooldown   = 30 * time.Second
)

// breaker decides whether lookups may be sent to a tracker. It is a value:
// each event makes a new one.
//
// It starts open: a tracker that was never reached costs no lookup anything.
// Only a heartbeat closes it, as heartbeats cost pulls nothing. A failed
// heartbeat opens it at once, and the next good one closes it again. Failed
// lookups open it for a while, whatever the heartbeats say, and for longer each
// time: some trackers live, but cannot answer. The first time it is a moment,
// after which a heartbeat is sent at once: when this machine stands still for
// two lookups, every tracker looks as if it could not answer.
type breaker struct {
	closed   bool
	beats    bool      // the last heartbeat has passed
	failures int       // of lookups, in a row, while closed
	strikes  int       // times that lookups have opened it since one succeeded
	until    time.Time // before this, heartbeats do not close it
}

func (b breaker) heartbeatOK(now time.Time) breaker {
	b.beats = true
	if !b.closed && !now.Before(b.until) {
		b.closed, b.failures = true, 0
	}
	return b
}

func (b breaker) heartbeatFailed() breaker {
	b.closed, b.beats = false, false
	return b
}

func (b breaker) lookupOK() breaker {
	b.failures, b.strikes = 0, 0
	return b
}

// lookupFailed takes a jitter between 0 and 1, so that the seeders of a fleet
// do not all come back at once.
func (b breaker) lookupFailed(now time.Time, jitter float64) breaker {
	b.failures++
	if !b.closed || b.failures < tolerated {
		return b
	}
	cooldown := firstCooldown
	if b.strikes > 0 {
		cooldown = min(minCooldown<<min(b.strikes-1, 10), maxCooldown)
	}
	return breaker{
		beats:   b.beats,
		strikes: b.strikes + 1,
		until:   now.Add(time.Duration(float64(cooldown) * (0.75 + jitter/4))),
	}
}

// resting is the first cool-down, in which heartbeats pass.
func (b breaker) resting() bool { return b.beats && !b.closed && b.strikes <= 1 }
