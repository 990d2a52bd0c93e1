package swarm

import (
	"slices"
	"time"

	"github.com/drayproject/dray/tracker/swarm"
)

// Where a node's bytes come from, if not from another node.
const (
	nobody = -1
	origin = -2
)

// node is a seeder with its containerd.
type node struct {
	id     uint32
	zone   int
	intake float64 // bytes per second

	arrived  time.Duration
	offset   float64 // bytes that are there
	before   float64 // and that were, when the step began
	from     int     // a node, nobody or origin
	since    time.Duration
	children []*node
	depth    int
	handout  []swarm.Parent // whom it may still turn to
	avoid    []uint32
	told     bool // the tracker knows that it has bytes
	done     bool
	dead     bool

	sent, taken float64 // since its last heartbeat
	rate        float64 // before it

	uploads int  // as the tracker knows
	buried  bool // the tracker knows that it is dead
}

func (c *crowd) arrive(n *node) {
	c.after(time.Duration(c.rand.Float64()*float64(beat)), func() { c.heartbeat(n) })
	c.ask(n)
}

// ask joins.
func (c *crowd) ask(n *node) {
	c.after(c.o.RoundTrip/2, func() { c.join(n) })
}

func (c *crowd) join(n *node) {
	c.result.Joins++
	a := swarm.Ask{
		Node: n.id, Zone: c.zones[n.zone].Zone, Offset: int64(n.offset), Size: int64(c.o.size()),
		Avoid: n.avoid, Since: c.now, Last: c.o.Wait == 0, World: world{c, n},
	}
	if ans := c.tree.Join(&a, c.now); !ans.Empty() {
		c.after(c.o.RoundTrip/2, func() { c.answered(n, ans) })
		return
	}
	c.after(c.o.RoundTrip, func() { c.wait(n, &swarm.Waiter{Ask: a}) })
}

// wait is the second question, which may take its time.
func (c *crowd) wait(n *node, w *swarm.Waiter) {
	if ans := c.tree.Join(&w.Ask, c.now); !ans.Empty() {
		c.after(c.o.RoundTrip/2, func() { c.answered(n, ans) })
		return
	}
	c.tree.Wait(w)
	c.after(c.o.Wait, func() {
		if c.tree.Quit(w) {
			w.Last = true
			ans := c.tree.Join(&w.Ask, c.now)
			c.result.waits = append(c.result.waits, c.o.Wait)
			c.after(c.o.RoundTrip/2, func() { c.answered(n, ans) })
		}
	})
}

func (c *crowd) answered(n *node, ans swarm.Answer) {
	switch {
	case n.dead || n.done:
	case n.from >= 0 && !c.nodes[n.from].dead:
		c.move(n, ans)
	case ans.Lease || ans.Free:
		c.after(c.o.Origin+c.o.Setup, func() { c.attach(n, origin) })
	default:
		n.handout = ans.Parents
		c.turn(n)
	}
}

// move is for somebody who has asked whether there is a better parent.
func (c *crowd) move(n *node, ans swarm.Answer) {
	if len(ans.Parents) == 0 || int(ans.Parents[0].Node) == n.from {
		return
	}
	c.detach(n)
	n.handout = ans.Parents
	c.result.Moves++
	c.turn(n)
}

// turn asks the next of those who were handed out.
func (c *crowd) turn(n *node) {
	if len(n.handout) == 0 {
		c.ask(n)
		return
	}
	p := &c.nodes[n.handout[0].Node]
	n.handout = n.handout[1:]
	switch {
	case p.dead:
		c.after(hedge, func() { c.turn(n) })
	case !p.told && !p.done && p.from == nobody: // it has nothing, and gets nothing
		n.avoid = append(n.avoid, p.id)
		c.after(c.o.RoundTrip, func() { c.turn(n) })
	default:
		setup := c.o.RoundTrip
		if n.offset == 0 {
			setup += c.o.Setup
		}
		c.after(setup, func() { c.attach(n, int(p.id)) })
	}
}

// attach begins a stream.
func (c *crowd) attach(n *node, from int) {
	if n.dead || n.done || n.from != nobody {
		return
	}
	n.from, n.depth, n.since = from, 0, c.now
	if from == origin {
		c.source.children = append(c.source.children, n)
	} else {
		p := &c.nodes[from]
		if p.dead {
			n.from = nobody
			c.turn(n)
			return
		}
		p.children = append(p.children, n)
		n.depth = 1
		if !p.done {
			n.depth += p.depth
		}
	}
	c.result.MaxDepth = max(c.result.MaxDepth, n.depth)
	if n.told {
		c.tell(n)
	}
}

func (c *crowd) detach(n *node) {
	if n.from == nobody {
		return
	}
	children := &c.source.children
	if n.from != origin {
		children = &c.nodes[n.from].children
	}
	at := slices.Index(*children, n)
	*children = slices.Delete(*children, at, at+1)
	n.from = nobody
}
