package placement

import "slices"

// classify finds out who has what. Holders that keep nothing are only looked
// for if there are not as many that do as there should be: a popular image has
// thousands.
func (p *planner) classify(c *claim) {
	enough := 0
	for _, pin := range p.pins[c.image] {
		if slices.Contains(pin.Owners, c.rule.owner) {
			enough += p.classifyPin(c, pin)
		}
	}
	for _, k := range p.doing[c.image] {
		p.classifyTask(c, k)
	}
	if c.rule.pins && enough == c.rule.target() {
		return
	}
	for _, i := range p.holders(c.image, c.digest) {
		if class, here := p.presence(c.rule, i, held, heldAway); here {
			c.class[i] = max(c.class[i], class)
		}
	}
}

func (p *planner) classifyPin(c *claim, pin pinned) (counts int) {
	class, here := p.presence(c.rule, pin.node, kept, pinnedAway)
	switch {
	case !here:
		return 0
	case pin.Digest != c.digest:
		if class == kept {
			c.class[pin.node] = max(c.class[pin.node], outdated)
		}
		return 0
	}
	c.class[pin.node] = class
	return 1
}

func (p *planner) classifyTask(c *claim, k *Known) {
	i := p.index[k.Node]
	class, here := p.presence(c.rule, i, coming, fresh)
	if !here || class == fresh || k.meant() != c.digest {
		return
	}
	if k.Over() {
		class = kept
	}
	c.class[i] = max(c.class[i], class)
}

// presence says what a selected node counts as: in one way while it is live, in
// another while it may come back.
func (p *planner) presence(r *rule, node int, live, away class) (class, bool) {
	n := p.seats[node].Node
	switch {
	case !r.in[node] || n.State == Saving:
		return fresh, false
	case n.State == Live:
		return live, true
	}
	return away, r.back(n).After(p.now)
}

// class is what a node has of an image, the best last.
type class uint8
