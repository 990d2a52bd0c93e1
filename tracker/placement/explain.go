package placement

import (
	"cmp"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
)

// Candidate is a node in the light of one policy and image.
type Candidate struct {
	Node  string `json:"node"`
	Zone  string `json:"zone,omitempty"`
	Holds bool   `json:"holds"` // it has the image, as far as that was looked at
	// Chosen: it should have a copy, or keeps one.
	Chosen bool `json:"chosen"`
	// Score is what decides between nodes of one kind: a node that keeps the
	// image goes before one that has it, and that before one that has not.
	Score float64 `json:"score"`
	// Parts add up to Score: a strategy's name, and its value times its weight.
	Parts map[string]float64 `json:"parts,omitempty"`
	// Excluded says why it can be given nothing, or why it is not meant.
	Excluded string `json:"excluded,omitempty"`
}

// Explain shows every node as a candidate for one image of one policy: those that
// are chosen first, then by score. It says what the policy would do alone, and
// with no bound on what is under way. With no digest it is the latest of the name.
func Explain(w *World, policy *Policy, image string, d digest.Digest, now time.Time) []Candidate {
	boundless, free := unbound(w, policy)
	p := newPlanner(boundless, now)
	p.recall()
	r := p.prepare(&free, policy.Owner())
	c := p.claim(r, image, cmp.Or(d, p.latest[image].Digest))
	before := map[int]class{}
	for i, class := range c.class {
		before[i] = class
	}
	p.fill(c)
	all := make([]Candidate, 0, len(p.seats))
	for i := range p.seats {
		all = append(all, p.candidate(c, i, before[i]))
	}
	slices.SortFunc(all, func(a, b Candidate) int {
		return cmp.Or(rank(a)-rank(b), cmp.Compare(b.Score, a.Score), cmp.Compare(a.Node, b.Node))
	})
	return all
}

func rank(c Candidate) int {
	switch {
	case c.Chosen:
		return 0
	case c.Excluded == "":
		return 1
	}
	return 2
}

func (p *planner) candidate(c *claim, i int, was class) Candidate {
	n := p.seats[i]
	k := Candidate{Node: n.Name, Zone: n.Zone, Holds: was == kept || was == held || was == pinnedAway || was == heldAway}
	if !c.rule.in[i] {
		k.Excluded = "not selected"
		return k
	}
	k.Chosen = slices.Contains(c.chosen, i)
	if k.Chosen {
		c.tally.add(i, -1)
		defer c.tally.add(i, 1)
	} else if o := p.obstacleTo(c, i); o != nil {
		k.Excluded = o.text
	}
	k.Parts = map[string]float64{}
	place := p.placeOf(c, i)
	for _, w := range c.rule.weights {
		k.Parts[w.name] = w.by * w.score(place)
		k.Score += k.Parts[w.name]
	}
	return k
}

// unbound is the world and the policy as if there were no budget, and all could
// be judged. What lies as it is stays.
func unbound(w *World, policy *Policy) (*World, Policy) {
	const boundless = 1 << 30
	free, world := *policy, *w
	free.Budget = Budget{Parallel: boundless}
	world.Held = ""
	world.Limits.PerNode, world.Limits.Total, world.Limits.MaxAway = boundless, boundless, 1
	return &world, free
}
