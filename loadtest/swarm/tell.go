package swarm

import "github.com/drayproject/dray/tracker/swarm"

// tell sends a progress.
func (c *crowd) tell(n *node) {
	c.after(c.o.RoundTrip/2, func() {
		if !n.done && !n.dead {
			c.tree.Progress(c.step(n), c.now)
			c.admit()
		}
	})
}

func (c *crowd) step(n *node) swarm.Step {
	s := swarm.Step{
		Node: n.id, Zone: c.zones[n.zone].Zone, Offset: int64(n.offset), Size: int64(c.o.size()), Rate: int64(n.rate),
	}
	if n.from >= 0 {
		s.Parent, s.HasParent = uint32(n.from), true
	}
	return s
}

// begun is when a node has its first bytes.
func (c *crowd) begun(n *node) {
	n.told = true
	c.after(detection, func() { c.tell(n) })
}

// finish is when it has its last.
func (c *crowd) finish(n *node) {
	n.offset, n.done = c.o.size(), true
	c.detach(n)
	c.left--
	c.result.times = append(c.result.times, finished{(c.now - n.arrived).Seconds(), c.o.size() / min(n.intake, c.o.origin())})
	c.result.Makespan = max(c.result.Makespan, c.now.Seconds())
	c.after(c.o.RoundTrip/2, func() {
		s := c.step(n)
		s.Ended = true
		c.tree.Progress(s, c.now)
		c.admit()
	})
	c.after(announces+c.o.RoundTrip/2, func() {
		if !n.buried {
			c.tree.Held(n.id)
			c.whole = append(c.whole, n.id)
			c.admit()
		}
	})
}

func (c *crowd) heartbeat(n *node) {
	if n.dead {
		return
	}
	if n.from >= 0 && n.taken == 0 && c.now-n.since >= beat {
		c.leave(n)
	}
	n.rate = n.taken / beat.Seconds()
	c.ledger.Note(n.id, int64(n.sent/beat.Seconds()), int64(n.rate), c.now)
	n.uploads = len(n.children)
	n.sent, n.taken = 0, 0
	if n.told && !n.done {
		s := c.step(n)
		s.Late = true
		c.tree.Progress(s, c.now)
		c.admit()
		if n.from >= 0 && c.tree.Stuck(n.id, c.now) {
			c.after(c.o.RoundTrip, func() { c.join(n) })
		}
	}
	c.after(beat, func() { c.heartbeat(n) })
}
