package placement

import (
	"fmt"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
)

const (
	fresh      class = iota
	outdated         // it keeps another version: most layers are there
	heldAway         // it has it, and is away for a while
	held             // it has it of its own accord
	coming           // it is getting it
	pinnedAway       // it keeps it, and is away for a while
	kept             // it keeps it
)

// claim is one image of one rule.
type claim struct {
	rule   *rule
	image  string
	digest digest.Digest

	class   map[int]class // of nodes that are not fresh
	chosen  []int
	tally   *tally
	live    int  // nodes that have it and are live
	moving  bool // a copy is on its way to a better place
	looked  int  // with Every: so many selected nodes need not be looked at again
	reasons []Reason
}

func (p *planner) claim(r *rule, image string, d digest.Digest) *claim {
	c := &claim{rule: r, image: image, digest: d, class: map[int]class{}, tally: newTally(r.domains)}
	p.classify(c)
	p.keepCopies(c)
	for i, class := range c.class {
		if p.has(i, class) {
			c.live++
		}
	}
	for _, i := range c.chosen {
		p.useFor(c, i)
	}
	return c
}

// has says whether a node that is live has the image.
func (p *planner) has(node int, of class) bool {
	return p.seats[node].State == Live && (of == kept || of == held)
}

// keepCopies chooses of those that have it, or are getting it.
func (p *planner) keepCopies(c *claim) {
	groups := map[class][]int{}
	for i, class := range c.class {
		if !c.rule.Every || p.seats[i].State == Live {
			groups[class] = append(groups[class], i)
		}
	}
	for class := kept; class >= heldAway; class-- {
		slices.Sort(groups[class])
		p.choose(c, groups[class])
	}
}

// choose takes the best of a group, as many as are wanted.
func (p *planner) choose(c *claim, group []int) {
	want := c.rule.target() - len(c.chosen)
	if c.rule.Every || len(group) <= want {
		for _, i := range group {
			c.take(i)
		}
		return
	}
	for range want {
		at := p.best(c, group)
		c.take(group[at])
		group = slices.Delete(group, at, at+1)
	}
}

func (c *claim) take(i int) {
	c.chosen = append(c.chosen, i)
	c.tally.add(i, 1)
}

func (c *claim) because(cause Cause, until time.Time, format string, args ...any) {
	c.reasons = append(c.reasons, Reason{cause, fmt.Sprintf(format, args...), until})
}

// complete says whether all that should be there is, so that the rest can go.
func (p *planner) complete(c *claim) bool {
	for _, i := range c.chosen {
		if !p.has(i, c.class[i]) {
			return false
		}
	}
	return len(c.chosen) >= c.rule.target() && !c.moving && p.w.Held == ""
}

// settle says who keeps it. Until all is there, nobody lets go of it.
func (p *planner) settle(c *claim) {
	r := c.rule
	if !r.pins {
		return
	}
	if !p.complete(c) {
		for _, pin := range p.pins[c.image] {
			if slices.Contains(pin.Owners, r.owner) {
				p.hold(pin.node, c.image, pin.Digest, r.owner)
			}
		}
	}
	for _, i := range c.chosen {
		p.hold(i, c.image, c.digest, r.owner)
	}
}

// useFor keeps the task that brought the node its copy, or is bringing it.
func (p *planner) useFor(c *claim, node int) {
	k := p.at[spot{node, c.image}]
	if k == nil || k.meant() != c.digest || p.seats[node].State != Live {
		return
	}
	before := p.used[k.ID]
	p.use(k, c.rule.owner, c.rule.pins)
	if before == nil && !k.Over() {
		c.rule.underway++
	}
}

// hold has a node keep an image. A name stands for one digest at a time on a
// node: while it is to change, the one that is there is kept.
func (p *planner) hold(node int, image string, d digest.Digest, owner string) {
	here := spot{node, image}
	k := p.keep[here]
	if k == nil {
		k = &keeping{digest: d}
		p.keep[here] = k
	}
	if k.digest != d && slices.Contains(p.w.Content.Holders(image, d), p.seats[node].Ordinal) {
		k.digest = d
	}
	k.owners = with(k.owners, owner)
}
