package placement

import (
	"fmt"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
)

// class is what a node has of an image, the best last.
type class uint8

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

// status is what the plan says of the claim.
func (p *planner) status(c *claim) Status {
	r := c.rule
	s := Status{Policy: r.Policy.Name, Image: c.image, Digest: c.digest, Wanted: r.target(), Have: []string{}}
	arriving := 0
	for _, i := range slices.Sorted(slices.Values(c.chosen)) {
		switch n := p.seats[i].Node; {
		case p.has(i, c.class[i]):
			s.Live++
			s.Have = shown(s.Have, n.Name)
		case c.class[i] == coming:
			arriving++
			s.Coming = shown(s.Coming, n.Name)
		default:
			back := r.back(n)
			p.soon(back)
			c.because(CauseRepair, back, "node %s is away, and may come back until %s", n.Name, back.UTC().Format(time.TimeOnly))
		}
	}
	s.Missing = max(0, s.Wanted-s.Live-arriving)
	p.shortfall(c)
	s.Reasons = c.reasons
	return s
}

func shown(names []string, name string) []string {
	if len(names) < MaxShown {
		names = append(names, name)
	}
	return names
}

// shortfall says what no waiting will change.
func (p *planner) shortfall(c *claim) {
	r := c.rule
	if r.Every || r.Policy.Name == "" {
		return
	}
	if r.live < r.Factor {
		c.because(CauseNodes, time.Time{}, "factor %d: only %d of the %d selected nodes are live", r.Factor, r.live, len(r.selected))
	}
	if zones := r.populated(); r.spreads() && zones < r.Factor && r.spread[0] != "node" {
		c.because(CauseSpread, time.Time{}, "factor %d over %s: only %d of these have a selected node that is live", r.Factor, r.spread[0], zones)
	}
	if r.conflict != nil {
		c.because(CauseConflict, time.Time{}, "%s", r.conflict.Reason)
	}
}

// populated counts the domains of the first key that may be given something.
func (r *rule) populated() (n int) {
	for _, nodes := range r.open {
		if nodes > 0 {
			n++
		}
	}
	return n
}
