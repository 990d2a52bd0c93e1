package swarm

import "slices"

// die is without a word: by silence, or when a child misses it.
func (c *crowd) die(n *node) {
	if n.dead {
		return
	}
	n.dead = true
	if n.left > 0 {
		c.left--
	}
	c.result.Deaths++
	c.after(silence, func() { c.bury(n) })
	for _, blob := range c.pulls {
		c.detach(&blob[n.id])
		for _, child := range slices.Clone(blob[n.id].children) {
			c.after(stall, func() { c.bereave(child, n) })
		}
	}
}

// bereave is when a child gives up its parent.
func (c *crowd) bereave(n *pull, parent *node) {
	if n.from != int(parent.id) {
		return
	}
	c.after(c.o.RoundTrip/2+verdict, func() { c.bury(parent) })
	c.leave(n)
}

// leave gives a parent up that sends nothing.
func (c *crowd) leave(n *pull) {
	n.avoid = append(n.avoid, uint32(n.from))
	c.detach(n)
	c.turn(n)
}

// bury is when the tracker knows.
func (c *crowd) bury(n *node) {
	if n.buried {
		return
	}
	n.buried = true
	for blob, t := range c.trees {
		t.Lose(n.id)
		c.whole[blob] = slices.DeleteFunc(c.whole[blob], func(id uint32) bool { return id == n.id })
	}
	c.admit()
}
