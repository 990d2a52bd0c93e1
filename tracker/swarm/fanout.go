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
	case t.size > 0 && t.size <= smallBlob:
		return maxFanout
	}
	least := 1
	if t.partials+t.waiting > line {
		least = 2
	}
	return min(max(least<<t.press(now), t.ledger.fanout(parent, now)), maxFanout)
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
