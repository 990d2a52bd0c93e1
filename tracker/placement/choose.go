package placement

import (
	"fmt"
	"slices"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// tally counts copies by domain.
type tally struct {
	domains *domains
	count   []map[int32]int // by level
}

func newTally(d *domains) *tally {
	t := &tally{d, make([]map[int32]int, len(d.of))}
	for level := range t.count {
		t.count[level] = map[int32]int{}
	}
	return t
}

func (t *tally) add(node, n int) {
	for level, of := range t.domains.of {
		t.count[level][of[node]] += n
	}
}

// near is how many copies are in the same domains as the node.
func (t *tally) near(node int, into []int) []int {
	into = into[:0]
	for level, of := range t.domains.of {
		into = append(into, t.count[level][of[node]])
	}
	return into
}

// score is what the rule's strategies say of a node, beside the copies that are
// in the tally.
func (p *planner) score(c *claim, node int) (sum float64) {
	place := p.placeOf(c, node)
	for _, w := range c.rule.weights {
		sum += w.by * w.score(place)
	}
	return sum
}

func (p *planner) placeOf(c *claim, node int) *Place {
	n := &p.seats[node]
	p.place = Place{Node: n.Node, Key: string(c.digest), Keeps: n.keeps, Near: c.tally.near(node, p.place.Near)}
	return &p.place
}

// best is the place in the list of the node with the highest score; where scores
// are equal, rendezvous hashing decides. The list must not be empty.
func (p *planner) best(c *claim, nodes []int) (at int) {
	top := p.score(c, nodes[0])
	for i, node := range nodes[1:] {
		if score := p.score(c, node); score > top || score == top && p.before(c, node, nodes[at]) {
			at, top = i+1, score
		}
	}
	return at
}

func (p *planner) before(c *claim, a, b int) bool {
	x, y := rendezvous(string(c.digest), p.seats[a].Name), rendezvous(string(c.digest), p.seats[b].Name)
	return x > y || x == y && p.seats[a].Name < p.seats[b].Name
}

// obstacle is why a live node can't be given an image now.
type obstacle struct {
	cause Cause
	text  string
	until time.Time
}

// obstacleTo finds it; nil: there is none.
func (p *planner) obstacleTo(c *claim, node int) *obstacle {
	n := &p.seats[node]
	switch {
	case n.State != Live:
		return &obstacle{cause: CauseNodes, text: n.State.String()}
	case n.Degraded != "":
		return &obstacle{cause: CauseNodes, text: "degraded: " + n.Degraded}
	case n.keeps >= trackerapi.MaxTasks:
		return &obstacle{cause: CauseRoom, text: "keeps as many images as a node may"}
	case !p.fits(n, p.bytes(c.digest)):
		return &obstacle{cause: CauseRoom, text: "no room"}
	case n.tasks >= p.limits.PerNode:
		return &obstacle{cause: CauseBudget, text: "is getting others"}
	}
	here := spot{node, c.image}
	if until, why := p.failedLately(here); why != "" {
		return &obstacle{CauseFailed, "failed: " + why, until}
	}
	if k := p.at[here]; k != nil && !k.Over() && k.meant() != c.digest {
		return &obstacle{cause: CauseBudget, text: "is getting another version"}
	}
	return nil
}

func (p *planner) fits(n *seat, bytes int64) bool {
	left := n.Room.Free - n.taken - bytes
	return n.Room.Total == 0 || float64(left) >= p.limits.Reserve*float64(n.Room.Total)
}

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

// spoilt counts the nodes that have failed lately, and says when the first may
// try again.
func (p *planner) spoilt(c *claim) (until time.Time, failures int) {
	for _, i := range c.rule.selected {
		if len(p.history) == 0 {
			break
		}
		if t, why := p.failedLately(spot{i, c.image}); why != "" {
			failures++
			if until.IsZero() || t.Before(until) {
				until = t
			}
		}
	}
	return until, failures
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

var stateNames = [...]string{Away: "away", Live: "live", Leaving: "draining", Saving: "to be drained"}

// String names the state.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("state %d", s)
}
