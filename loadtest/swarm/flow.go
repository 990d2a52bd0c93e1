package swarm

import (
	"cmp"
	"math"
	"slices"
)

// source is the origin.
type source struct{ children []*pull }

// flow moves the bytes of one step.
func (c *crowd) flow(seconds float64) {
	for i := range c.nodes {
		c.nodes[i].room, c.nodes[i].streams = c.nodes[i].intake*seconds, 0
	}
	for _, blob := range c.pulls {
		for i := range blob {
			blob[i].before = blob[i].shared()
			if blob[i].from != nobody {
				blob[i].streams++
			}
		}
	}
	c.feed(nil, c.source.children, c.o.origin()*seconds)
	for i := range c.nodes {
		if n := &c.nodes[i]; !n.dead {
			c.feed(n, c.childrenOf(n), c.o.link()*seconds)
		}
	}
}

// shared is what others can have of it.
func (n *pull) shared() float64 {
	if n.from == origin {
		return math.Floor(n.offset/grain) * grain
	}
	return n.offset
}

func (c *crowd) childrenOf(n *node) []*pull {
	if len(c.pulls) == 1 {
		return c.pulls[0][n.id].children
	}
	var all []*pull
	for _, blob := range c.pulls {
		all = append(all, blob[n.id].children...)
	}
	return all
}

// feed shares what an uplink carries: who wants less than his share leaves the
// rest to the others. A parent of nil is the origin.
func (c *crowd) feed(p *node, children []*pull, carries float64) {
	wants := make([]want, 0, 8)
	for _, n := range children {
		have := c.o.size()
		if p != nil {
			have = c.at(n, int(p.id)).before
		}
		if w := min(n.room/float64(n.streams), have-n.offset); w > 0 {
			wants = append(wants, want{n, w})
		}
		n.streams--
	}
	slices.SortStableFunc(wants, func(a, b want) int { return cmp.Compare(a.bytes, b.bytes) })
	for i, w := range wants {
		gets := min(w.bytes, carries/float64(len(wants)-i))
		carries -= gets
		c.give(p, w.pull, gets)
	}
}

// want is what a child could take.
type want struct {
	*pull
	bytes float64
}

func (c *crowd) give(p *node, n *pull, bytes float64) {
	n.room -= bytes
	before := n.shared()
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
	switch {
	case !n.told && n.shared() > 0:
		c.begun(n)
	case n.from == origin && len(n.children) > 0 && n.shared() > before && c.now-n.spoke >= retold:
		n.spoke = c.now
		c.after(detection, func() { c.tell(n) })
	}
	if n.offset >= c.o.size()-1 {
		c.finish(n)
	}
}
