package swarm

import "github.com/drayproject/dray/tracker/swarm"

// tell sends a progress.
func (c *crowd) tell(n *pull) {
	c.after(c.o.RoundTrip/2, func() {
		if !n.done && !n.dead {
			c.trees[n.blob].Progress(c.step(n), c.now)
			c.admit()
		}
	})
}

func (c *crowd) step(n *pull) swarm.Step {
	s := swarm.Step{
		Node: n.id, Zone: c.zones[n.zone].Zone, Offset: int64(n.shared()), Size: int64(c.o.size()), Rate: int64(n.rate),
	}
	if n.from >= 0 {
		s.Parent, s.HasParent = uint32(n.from), true
	}
	return s
}

// begun is when a node has its first bytes.
func (c *crowd) begun(n *pull) {
	n.told = true
	c.after(detection, func() { c.tell(n) })
}

// finish is when it has its last.
func (c *crowd) finish(n *pull) {
	n.offset, n.done = c.o.size(), true
	c.detach(n)
	if n.left--; n.left == 0 {
		c.complete(n.node)
	}
	c.after(c.o.RoundTrip/2, func() {
		s := c.step(n)
		s.Ended = true
		c.trees[n.blob].Progress(s, c.now)
		c.admit()
	})
	c.after(announces+c.o.RoundTrip/2, func() {
		if !n.buried {
			c.trees[n.blob].Held(n.id)
			c.whole[n.blob] = append(c.whole[n.blob], n.id)
			c.admit()
		}
	})
	c.leaveSlot(n.node)
}

// complete is when a node has all blobs.
func (c *crowd) complete(n *node) {
	c.left--
	c.result.times = append(c.result.times, finished{(c.now - n.arrived).Seconds(), c.o.all() / min(n.intake, c.o.origin())})
	c.result.Makespan = max(c.result.Makespan, c.now.Seconds())
}

func (c *crowd) heartbeat(n *node) {
	if n.dead {
		return
	}
	n.uploads = 0
	taken := 0.0
	for _, blob := range c.pulls {
		p := &blob[n.id]
		p.rate = p.taken / beat.Seconds()
		taken += p.rate
		n.uploads += len(p.children)
	}
	c.ledger.Note(n.id, int64(n.sent/beat.Seconds()), int64(taken), c.now)
	n.sent = 0
	for _, blob := range c.pulls {
		c.list(&blob[n.id])
	}
	c.after(beat, func() { c.heartbeat(n) })
}

// list is what a heartbeat says of one blob, and what the node does about it.
func (c *crowd) list(n *pull) {
	idle := n.from >= 0 && n.taken == 0 && c.now-n.since >= beat
	switch {
	case idle && c.nodes[n.from].dead:
		c.leave(n)
	case idle: // it may wait for its own source
		c.after(c.o.RoundTrip, func() { c.hurry(n) })
	}
	if n.told && !n.done {
		s := c.step(n)
		s.Late = true
		c.trees[n.blob].Progress(s, c.now)
		c.admit()
		if n.from >= 0 && c.trees[n.blob].Stuck(n.id, c.now) {
			c.after(c.o.RoundTrip, func() { c.hurry(n) })
		}
	}
	n.taken = 0
}

// hurry asks whether there is something better.
func (c *crowd) hurry(n *pull) {
	if n.done || n.dead {
		return
	}
	c.result.Joins++
	a := c.question(n)
	a.Last = true
	ans := c.trees[n.blob].Join(&a, c.now)
	c.after(c.o.RoundTrip/2, func() { c.answered(n, ans) })
}
