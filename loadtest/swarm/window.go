package swarm

import (
	"context"
	"errors"
	"math/bits"
	"math/rand/v2"
	"slices"
)

const (
	pieceMiB  = 1
	maxWindow = 64 // pieces
	looks     = 32 // at others, each round, for a piece that is missing
)

// exchange is the same crowd if nodes could get pieces out of order, from several
// others that have no more than a part themselves, and hold back in memory what is
// not in order yet: as many pieces as the window has. Who is asked is chance, and
// every node knows who has what. It is no way in which a seeder works; it tells
// what one would gain by it.
//
// It goes in rounds, as long as a piece takes to come in. In each, a node takes in
// one piece and sends as many as its link carries meanwhile.
type exchange struct {
	rand   *rand.Rand
	pieces int
	window int
	each   int // pieces that a link carries in a round
	origin int // the same for the origin's
	sent   int // pieces that the origin has sent
	nodes  []holding
	times  []int // rounds, of those who are done
}

// holding is what a node has.
type holding struct {
	have   []uint64
	prefix int // pieces in order
	left   int // that it can send in this round
	took   bool
}

// runWindow runs the crowd as an exchange.
func runWindow(ctx context.Context, o Options) (*Result, error) {
	pieces := max(1, int(o.SizeMiB/pieceMiB))
	x := &exchange{
		rand: rand.New(rand.NewPCG(o.Seed, 2)), pieces: pieces, window: o.Window,
		each: max(1, int(o.link()/o.intake())), origin: max(1, int(o.origin()/o.intake())),
		nodes: make([]holding, o.Nodes+o.Whole),
	}
	for i := range x.nodes {
		x.nodes[i].have = make([]uint64, (pieces+maxWindow)/64+1)
		for p := range pieces {
			if i >= o.Nodes {
				x.nodes[i].gets(p)
			}
		}
	}
	for round := 1; len(x.times) < o.Nodes; round++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if round > hopeless*pieces {
			return nil, errors.New("it comes to no end")
		}
		x.round(round, o.Whole == 0)
	}
	return x.measure(o), nil
}

// round lets everybody take a piece, in random order.
func (x *exchange) round(number int, fromOrigin bool) {
	for i := range x.nodes {
		x.nodes[i].left, x.nodes[i].took = x.each, false
	}
	for range x.origin {
		if fromOrigin && x.sent < x.pieces {
			x.feed()
		}
	}
	for _, i := range x.rand.Perm(len(x.nodes)) {
		if n := &x.nodes[i]; !n.took && n.prefix < x.pieces {
			x.find(n)
		}
	}
	for i := range x.nodes {
		if n := &x.nodes[i]; n.took && n.prefix == x.pieces {
			x.times = append(x.times, number)
		}
	}
}

// feed sends the next piece from the origin to somebody whose window it is in.
func (x *exchange) feed() {
	best := &x.nodes[x.rand.IntN(len(x.nodes))]
	for i := range x.nodes {
		n := &x.nodes[i]
		if !n.took && (best.took || n.prefix > best.prefix) {
			best = n
		}
	}
	if !best.took && x.sent < best.prefix+x.window {
		best.take(x.sent)
		x.sent++
	}
}

// find takes a piece of somebody: the one in the window whose turn is a matter of
// chance, so that not all have the same.
func (x *exchange) find(n *holding) {
	for range looks {
		other := &x.nodes[x.rand.IntN(len(x.nodes))]
		if other.left == 0 {
			continue
		}
		useful := other.at(n.prefix) &^ n.at(n.prefix) & (1<<x.window - 1)
		if useful == 0 {
			continue
		}
		other.left--
		n.take(n.prefix + pick(useful, x.rand.IntN(bits.OnesCount64(useful))))
		return
	}
}

// pick is the place of the bit that comes after so many others.
func pick(set uint64, skip int) int {
	for range skip {
		set &= set - 1
	}
	return bits.TrailingZeros64(set)
}

// at are the pieces from one on.
func (h *holding) at(piece int) uint64 {
	word, bit := piece/64, piece%64
	set := h.have[word] >> bit
	if bit > 0 {
		set |= h.have[word+1] << (64 - bit)
	}
	return set
}

func (h *holding) take(piece int) {
	h.took = true
	h.gets(piece)
}

func (h *holding) gets(piece int) {
	h.have[piece/64] |= 1 << (piece % 64)
	for h.at(h.prefix)&1 != 0 {
		h.prefix++
	}
}

func (x *exchange) measure(o Options) *Result {
	over := make([]float64, len(x.times))
	for i, rounds := range x.times {
		over[i] = float64(rounds) / float64(x.pieces)
	}
	slices.Sort(over)
	r := &Result{Options: o, Bound: o.bound(), OriginCopies: float64(x.sent) / float64(x.pieces)}
	r.P50, r.P99, r.OverBound = quantile(over, 0.5), quantile(over, 0.99), quantile(over, 1)
	r.Makespan = r.OverBound * r.Bound
	return r
}
