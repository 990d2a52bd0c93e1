package placement

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
