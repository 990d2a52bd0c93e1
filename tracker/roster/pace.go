package roster

import "time"

const (
	// longestGrown bounds the interval that a large fleet is told, so that
	// silence means something even there.
	longestGrown = time.Minute
	// stepDown is the part of an interval that one answer may take away. A
	// node that never got an answer keeps to the interval of an earlier one,
	// after it has waited for three quarters of it in vain. It would have to
	// miss three answers in a row, and be heard each time, before that looked
	// like two missed heartbeats.
	stepDown = 16
)

// interval is the time between heartbeats that a fleet of so many nodes is
// meant to have: so long that no more than MaxRate come in a second.
func (p Policy) interval(nodes int) time.Duration {
	if p.MaxRate <= 0 {
		return p.Interval
	}
	grown := time.Duration(nodes) * time.Second / time.Duration(p.MaxRate)
	longest := min(longestGrown, p.PurgeAfter/time.Duration(p.DeadAfter*patience+1))
	return max(p.Interval, min(grown, longest))
}

// next is what a node is told that was told another interval before, or none.
// Longer it becomes at once: if that answer is lost, the node is only heard more
// often. Shorter it becomes in steps, since then the node would be missed.
func next(told, wanted time.Duration) time.Duration {
	return max(wanted, told-told/stepDown)
}

// Interval is the time between heartbeats that nodes are told at present.
func (r *Roster) Interval() time.Duration { return time.Duration(r.interval.Load()) }

// Tell is the interval for the answer to a node that has just been heard. Its
// silence is measured by this from now on, whatever others are told later.
func (r *Roster) Tell(n *Node) time.Duration {
	told := next(time.Duration(n.told.Load()), r.Interval()).Truncate(time.Millisecond)
	n.told.Store(int64(told))
	return told
}

// intervalOf is the time that may pass between two heartbeats of a node. One
// that was told by another tracker, or an earlier run of this one, is taken to
// have heard what it would hear now.
func (r *Roster) intervalOf(n *Node) time.Duration {
	if told := n.told.Load(); told > 0 {
		return time.Duration(told)
	}
	return r.Interval()
}
