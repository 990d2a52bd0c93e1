package swarm

import "slices"

// source is the origin.
type source struct{ children []*node }

// flow moves the bytes of one step.
func (c *crowd) flow(seconds float64) {
	for i := range c.nodes {
		c.nodes[i].before = c.nodes[i].offset
	}
	c.feed(nil, c.source.children, c.o.origin()*seconds, seconds)
	for i := range c.nodes {
		if p := &c.nodes[i]; len(p.children) > 0 && !p.dead {
			c.feed(p, p.children, c.o.link()*seconds, seconds)
		}
	}
}

// feed shares what an uplink carries: who wants less than his share leaves the
// rest to the others. A parent of nil is the origin.
func (c *crowd) feed(p *node, children []*node, carries, seconds float64) {
	have := c.o.size()
	if p != nil {
		have = p.before
	}
	wants := make([]want, 0, 8)
	for _, n := range children {
		if w := min(n.intake*seconds, have-n.offset); w > 0 {
			wants = append(wants, want{n, w})
		}
	}
	slices.SortStableFunc(wants, func(a, b want) int {
		switch {
		case a.bytes < b.bytes:
			return -1
		case a.bytes > b.bytes:
			return 1
		}
		return 0
	})
	for i, w := range wants {
		gets := min(w.bytes, carries/float64(len(wants)-i))
		carries -= gets
		c.give(p, w.node, gets)
	}
}

// want is what a child could take.
type want struct {
	node  *node
	bytes float64
}

func (c *crowd) give(p, n *node, bytes float64) {
	n.offset += bytes
	n.taken += bytes
	if p == nil {
		c.result.fromOrigin += bytes
	} else {
		p.sent += bytes
		if p.zone != n.zone {
			c.result.CrossZone += bytes
		}
	}
	if !n.told {
		c.begun(n)
	}
	if n.offset >= c.o.size()-1 {
		c.finish(n)
	}
}
