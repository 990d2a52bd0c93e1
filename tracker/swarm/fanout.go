package swarm

import "time"

// fanout is how many children a parent may have: as many as its uplink has been
// seen to feed, and at least one. Where that is not known, a line of children is
// the one shape that can't be slower than the link; when it would be long, a
// tree of two costs less than its hops do.
func (t *Tree) fanout(parent uint32, now time.Duration) int {
	switch {
	case t.rules.Fanout > 0:
		return min(t.rules.Fanout, maxFanout)
	}
	least := t.brief(parent, now)
	if t.partials+t.waiting > line {
		least = max(least, 2)
	}
	return min(max(least<<t.press(now), t.ledger.fanout(parent, now)), maxFanout)
}

// brief is how many children in turn have the whole blob in the time that one
// more hop takes; at least one. For those a line would be the longer way.
func (t *Tree) brief(parent uint32, now time.Duration) int {
	if t.size <= 0 {
		return 1
	}
	rate := max(t.ledger.uplink(parent, now), slowLink)
	return int(min(max(1, rate*hop.Seconds()/float64(t.size)), maxFanout))
}

// press is how pressing it is to find places: whoever is still without one when his
// wait ends is given any, and it is better that many have a few too many children
// than that a few have all of them.
func (t *Tree) press(now time.Duration) int {
	if t.waiting == 0 || t.rules.Wait <= 0 {
		return 0
	}
	switch waited := now - t.oldest; {
	case waited >= 7*t.rules.Wait/8:
		return 2
	case waited >= 3*t.rules.Wait/4:
		return 1
	}
	return 0
}

// fresh says that there has been something to be had only for a moment. Those who
// wait are being seated in waves.
func (t *Tree) fresh(now time.Duration) bool { return now-t.barren < t.rules.Wait }
