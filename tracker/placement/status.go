package placement

import (
	"slices"
	"time"
)

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
