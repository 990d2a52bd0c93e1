package placement

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// rule is a policy made ready for a plan.
type rule struct {
	*Policy
	owner    string
	pins     bool
	names    patterns
	selected []int  // nodes
	in       []bool // the same
	live     int    // of them
	away     int    // of them
	spread   []string
	domains  *domains
	open     []int // of the first key's domains: nodes that may be given something
	weights  []weight
	others   float64 // the sum of all weights but that of spread
	underway int
	conflict *Contradiction
}

type weight struct {
	name  string
	by    float64
	score func(*Place) float64
}

// prepare makes a rule. A policy with a broken pattern claims nothing.
func (p *planner) prepare(policy *Policy, owner string) *rule {
	names, err := compile(policy.Images)
	if err != nil {
		names = patterns{}
	}
	r := &rule{Policy: policy, owner: owner, pins: policy.pins(), names: names, in: make([]bool, len(p.seats))}
	r.spread = policy.Spread
	if len(r.spread) == 0 {
		r.spread = []string{"zone"}
	}
	r.weigh()
	r.domains = p.domainsOf(r.spread)
	r.open = make([]int, r.domains.count[0])
	for i := range p.seats {
		if n := &p.seats[i]; policy.Select.Matches(n.Node) {
			r.take(i, n)
		}
	}
	return r
}

func (r *rule) take(i int, n *seat) {
	r.selected = append(r.selected, i)
	r.in[i] = true
	switch n.State {
	case Live:
		r.live++
		if n.Degraded == "" {
			r.open[r.domains.of[0][i]]++
		}
	case Away:
		r.away++
	}
}

func (r *rule) weigh() {
	weights := r.Strategies
	if len(weights) == 0 {
		weights = DefaultStrategies()
	}
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		if by := weights[name]; by > 0 && Strategies[name] != nil {
			r.weights = append(r.weights, weight{name, by, Strategies[name]})
			if name != "spread" {
				r.others += by
			}
		}
	}
}

func (r *rule) spreads() bool { return len(r.weights) > 0 && r.by("spread") > 0 }

func (r *rule) by(strategy string) float64 {
	for _, w := range r.weights {
		if w.name == strategy {
			return w.by
		}
	}
	return 0
}

// target is how many copies there should be.
func (r *rule) target() int {
	if r.Every {
		return r.live
	}
	return r.Factor
}

// held says why the rule may give nothing new. Drains have no share of nodes
// that may be away: they are about one node.
func (r *rule) held(p *planner) *Reason {
	switch {
	case r.Policy.Name == "":
	case p.w.Held != "":
		return &Reason{Cause: CauseHeld, Text: "nodes can't be judged now: " + p.w.Held}
	case float64(r.away) > p.limits.MaxAway*float64(len(r.selected)):
		return &Reason{Cause: CauseHeld, Text: fmt.Sprintf("%d of %d selected nodes are away: too many to repair", r.away, len(r.selected))}
	}
	return nil
}

// budget says whether another copy may get under way.
func (r *rule) budget(p *planner) *Reason {
	switch {
	case r.underway >= r.Budget.parallel():
		return &Reason{Cause: CauseBudget, Text: fmt.Sprintf("%d copies are under way for this policy", r.underway)}
	case p.underway >= p.limits.Total:
		return &Reason{Cause: CauseBudget, Text: fmt.Sprintf("%d copies are under way in the cluster", p.underway)}
	}
	return nil
}

// byWish is the order in which policies claim an image: those that want most
// first, so that the others find their copies among theirs.
func byWish(a, b *rule) int {
	if a.Every != b.Every {
		if a.Every {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.Factor, a.Factor), cmp.Compare(a.Policy.Name, b.Policy.Name))
}

// back is until when a node that is not live may come back.
func (r *rule) back(n *Node) time.Time { return n.Since.Add(r.repairAfter()) }
