package placement

import "time"

// fill gives copies to nodes that have none, as long as the rule may.
func (p *planner) fill(c *claim) {
	r := c.rule
	if len(c.chosen) >= r.target() {
		return
	}
	if why := r.held(p); why != nil {
		c.reasons = append(c.reasons, *why)
		return
	}
	if until, failures := p.spoilt(c); failures >= spoilt {
		c.because(CauseFailed, until, "%d nodes have failed to get it lately", failures)
		return
	}
	for len(c.chosen) < r.target() {
		if why := r.budget(p); why != nil {
			c.reasons = append(c.reasons, *why)
			return
		}
		node, found := p.next(c)
		if !found {
			return
		}
		p.start(c, node)
		c.take(node)
	}
}

// next is the node to be given a copy: the best of those that keep an older
// version, or else of all. It says why there is none.
func (p *planner) next(c *claim) (node int, found bool) {
	var able, older []int
	obstacles := map[Cause]int{}
	for _, i := range c.rule.selected[c.looked:] {
		if c.rule.Every {
			c.looked++
		}
		class := c.class[i]
		if class > outdated { // chosen, or it would have been
			continue
		}
		if o := p.obstacleTo(c, i); o != nil {
			obstacles[o.cause]++
			continue
		}
		if able = append(able, i); class == outdated {
			older = append(older, i)
		}
		if c.rule.Every {
			break // all of them will have it: any is as good
		}
	}
	switch {
	case len(older) > 0:
		return older[p.best(c, older)], true
	case len(able) > 0:
		return able[p.best(c, able)], true
	}
	for _, cause := range []Cause{CauseRoom, CauseFailed, CauseBudget} {
		if n := obstacles[cause]; n > 0 {
			c.because(cause, time.Time{}, "%s: %d of the selected nodes that are left", noneCan[cause], n)
		}
	}
	return 0, false
}

var noneCan = map[Cause]string{
	CauseRoom:   "no room",
	CauseFailed: "failed, and will be tried again",
	CauseBudget: "busy with other images",
}

// start has a node get the image.
func (p *planner) start(c *claim, node int) {
	r := c.rule
	c.class[node] = coming
	r.underway++
	p.give(order{
		node: node, image: c.image, digest: c.digest, owner: r.owner, pins: r.pins,
		platforms: r.Platforms, unpack: r.Unpack, pullSecret: r.PullSecret, rate: r.Budget.rate(), deadline: p.now.Add(r.deadline()),
	})
}
