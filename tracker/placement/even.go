package placement

import "slices"

// even moves one copy to a place that is better by more than all strategies but
// spread could say: so only the spread moves anything, each move makes the
// spread better, and there is an end of it. What a move needs is got first.
func (p *planner) even(c *claim) {
	r := c.rule
	if r.Every || !r.spreads() || !p.complete(c) || r.held(p) != nil || !c.uneven() {
		return
	}
	from, to := -1, -1
	gain := r.others
	candidates := p.movable(c)
	for at, node := range c.chosen {
		c.tally.add(node, -1)
		if len(candidates) > 0 {
			y := candidates[p.best(c, candidates)]
			if g := p.score(c, y) - p.score(c, node); g > gain+epsilon {
				from, to, gain = at, y, g
			}
		}
		c.tally.add(node, 1)
	}
	if from >= 0 {
		p.move(c, from, to)
	}
}

// epsilon is more than sums of weights are wrong by.
const epsilon = 1e-6

// uneven says whether a move could help: some domain of the first key has at
// least two copies more than another that could have one, or one of a lesser key
// has two.
func (c *claim) uneven() bool {
	for _, counts := range c.tally.count[1:] {
		if most(counts) >= 2 {
			return true
		}
	}
	top := most(c.tally.count[0])
	for domain, open := range c.rule.open {
		if top < 2 {
			break
		}
		copies := c.tally.count[0][int32(domain)] //nolint:gosec // there are no more than nodes
		if copies < open && copies <= top-2 {
			return true
		}
	}
	return false
}

func most(counts map[int32]int) (top int) {
	for _, n := range counts {
		top = max(top, n)
	}
	return top
}

// movable are the nodes that a copy could move to: if one is on its way already,
// that one alone.
func (p *planner) movable(c *claim) (all []int) {
	for _, i := range c.rule.selected {
		if c.class[i] == coming {
			return []int{i}
		}
	}
	for _, i := range c.rule.selected {
		if !slices.Contains(c.chosen, i) && (p.has(i, c.class[i]) || p.obstacleTo(c, i) == nil) {
			all = append(all, i)
		}
	}
	return all
}

func (p *planner) move(c *claim, from, to int) {
	switch class := c.class[to]; {
	case p.has(to, class):
		c.tally.add(c.chosen[from], -1)
		c.tally.add(to, 1)
		c.chosen[from] = to
	case class == coming:
		c.moving = true
		p.useFor(c, to)
		p.holdIf(c, to)
	case c.rule.budget(p) == nil:
		c.moving = true
		p.start(c, to)
		p.holdIf(c, to)
	}
}

func (p *planner) holdIf(c *claim, node int) {
	if c.rule.pins {
		p.hold(node, c.image, c.digest, c.rule.owner)
	}
}
