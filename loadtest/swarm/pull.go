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

// pull is one blob on its way to a node.
type pull struct {
	*node
	blob int

	offset   float64 // bytes that are there
	before   float64 // and that others could have, when the step began
	from     int     // a node, nobody or origin
	since    time.Duration
	children []*pull
	depth    int
	handout  []swarm.Parent // whom it may still turn to
	avoid    []uint32
	told     bool // the tracker knows that it has bytes
	spoke    time.Duration
	done     bool

	taken float64 // since the node's last heartbeat
	rate  float64 // before it
}

// at is the same blob at another node.
func (c *crowd) at(n *pull, id int) *pull { return &c.pulls[n.blob][id] }

// ask joins.
func (c *crowd) ask(n *pull) {
	c.after(c.o.RoundTrip/2, func() { c.join(n) })
}

func (c *crowd) join(n *pull) {
	c.result.Joins++
	a := c.question(n)
	if ans := c.trees[n.blob].Join(&a, c.now); !ans.Empty() {
		c.after(c.o.RoundTrip/2, func() { c.answered(n, ans) })
		return
	}
	c.after(c.o.RoundTrip, func() { c.wait(n, a, rounds) })
}

func (c *crowd) question(n *pull) swarm.Ask {
	return swarm.Ask{
		Node: n.id, Zone: c.zones[n.zone].Zone, Offset: int64(n.offset), Size: int64(c.o.size()), Registry: "origin",
		Avoid: n.avoid, Since: c.now, Last: c.o.Wait == 0, World: world{c, n},
	}
}

// wait is the second question, which may take its time, and those after it.
func (c *crowd) wait(n *pull, a swarm.Ask, left int) {
	w, t, began := &swarm.Waiter{Ask: a}, c.trees[n.blob], c.now
	if ans := t.Join(&w.Ask, c.now); !ans.Empty() {
		c.after(c.o.RoundTrip/2, func() { c.answered(n, ans) })
		return
	}
	t.Wait(w)
	c.after(c.o.Wait, func() {
		if !t.Quit(w) {
			return
		}
		w.Last, w.Patient = true, left > 1
		ans := t.Join(&w.Ask, c.now)
		c.result.waits = append(c.result.waits, c.now-began)
		if ans.Busy {
			c.after(c.o.RoundTrip, func() { c.wait(n, a, left-1) })
			return
		}
		c.after(c.o.RoundTrip/2, func() { c.answered(n, ans) })
	})
}

func (c *crowd) answered(n *pull, ans swarm.Answer) {
	switch {
	case n.dead || n.done:
	case n.from >= 0 && !c.nodes[n.from].dead:
		c.move(n, ans)
	case ans.Lease || ans.Free:
		c.queue(n.node, func() { c.after(c.o.Origin+c.o.Setup, func() { c.attach(n, origin) }) })
		c.leaveSlot(n.node)
	default:
		n.handout = ans.Parents
		c.turn(n)
	}
}

// move is for somebody who has asked whether there is a better parent.
func (c *crowd) move(n *pull, ans swarm.Answer) {
	if ans.Lease && n.taken == 0 { // and has had nothing from his own
		c.detach(n)
		c.answered(n, ans)
		return
	}
	if len(ans.Parents) == 0 || int(ans.Parents[0].Node) == n.from {
		return
	}
	c.detach(n)
	n.handout = ans.Parents
	c.result.Moves++
	c.turn(n)
}

// turn asks the next of those who were handed out.
func (c *crowd) turn(n *pull) {
	if len(n.handout) == 0 {
		c.ask(n)
		return
	}
	p := c.at(n, int(n.handout[0].Node))
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
func (c *crowd) attach(n *pull, from int) {
	if n.dead || n.done || n.from != nobody {
		return
	}
	n.from, n.depth, n.since = from, 0, c.now
	if from == origin {
		c.source.children = append(c.source.children, n)
	} else {
		p := c.at(n, from)
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

func (c *crowd) detach(n *pull) {
	if n.from == nobody {
		return
	}
	children := &c.source.children
	if n.from != origin {
		children = &c.at(n, n.from).children
	}
	at := slices.Index(*children, n)
	*children = slices.Delete(*children, at, at+1)
	n.from = nobody
}
