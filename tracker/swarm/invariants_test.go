package swarm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// FuzzTree: whatever happens in whatever order, a tree stays one, and its books
// are right.
func FuzzTree(f *testing.F) {
	for seed := range uint64(8) {
		r, ops := rand.New(rand.NewPCG(seed, 0)), make([]byte, 2000)
		for i := range ops {
			ops[i] = byte(r.Uint32())
		}
		f.Add(seed%2 == 0, byte(seed%4), ops)
	}
	f.Fuzz(func(t *testing.T, perZone bool, fanout byte, ops []byte) {
		c := &chaos{scene: newScene(t, Rules{PerZone: perZone, Fanout: int(fanout % 5), PerRegistry: int(fanout / 128)}), ops: ops}
		for len(c.ops) > 0 {
			c.step()
			c.check()
		}
		c.end()
	})
}

// chaos does what the bytes say to a tree of some nodes.
type chaos struct {
	*scene
	ops []byte
	had map[uint32]*member // parents, before the last question was answered
}

const crowdOf = 24

func (c *chaos) next() int {
	if len(c.ops) == 0 {
		return 0
	}
	b := c.ops[0]
	c.ops = c.ops[1:]
	return int(b)
}

func (c *chaos) node() uint32 {
	node := uint32(c.next()%crowdOf) + 1
	c.zones[node] = fmt.Sprint("z", node%3)
	return node
}

func (c *chaos) step() {
	c.now += 7 * ms
	c.lookBack()
	switch node := c.node(); c.next() % 12 {
	case 0, 1, 2:
		if !c.dead[node] {
			c.asks(node)
		}
	case 3, 4, 5, 6:
		if !c.dead[node] {
			c.tree.Progress(c.said(node), c.now)
		}
	case 7:
		if !c.dead[node] && !slices.Contains(c.whole, node) {
			c.whole = append(c.whole, node)
			c.tree.Held(node)
		}
	case 8:
		c.dead[node] = true
		c.tree.Lose(node)
	case 9:
		delete(c.dead, node)
		c.whole = slices.DeleteFunc(c.whole, func(n uint32) bool { return n == node })
	case 10:
		c.now += holdTime
		c.tree.Expire(c.now)
	case 11:
		c.tree.Missing(node, c.now)
	}
	c.lookBack() // who waits may have told of another parent
	c.tree.Admit(c.now, c.judge)
}

func (c *chaos) lookBack() {
	c.had = map[uint32]*member{}
	for node, m := range c.tree.members {
		c.had[node] = m.parent()
	}
}

func (c *chaos) asks(node uint32) {
	w := c.ask(node)
	w.Offset = int64(c.next()%4) * mega * int64(c.next()%3)
	w.Last = c.next()%3 == 0
	if c.next()%2 == 0 {
		w.Avoid = []uint32{c.node(), c.node()}
	}
	ans := c.tree.Join(&w.Ask, c.now)
	if ans.Empty() {
		c.tree.Wait(w)
		if c.next()%4 == 0 && !c.tree.Quit(w) {
			c.t.Fatal("who waits can't quit")
		}
		return
	}
	c.judge(w, ans)
}

func (c *chaos) said(node uint32) Step {
	return Step{
		Node: node, Zone: c.zone(node), Size: size, Offset: int64(c.next()%5) * mega, Rate: int64(c.next()) * mega,
		Parent: c.node(), HasParent: c.next()%4 > 0, Ended: c.next()%8 == 0, Late: c.next()%2 == 0,
	}
}

// judge checks one answer.
func (c *chaos) judge(w *Waiter, ans Answer) {
	c.t.Helper()
	if w.lost {
		if !ans.Free {
			c.t.Fatalf("%d is no more and gets %+v", w.Node, ans)
		}
		return
	}
	if (ans.Lease && ans.Free) || (len(ans.Parents) > 0) == (ans.Lease || ans.Free) {
		c.t.Fatalf("an answer that is no one thing: %+v", ans)
	}
	me := c.tree.members[w.Node]
	for i, p := range ans.Parents {
		if c.dead[p.Node] || p.Node == w.Node || slices.Contains(w.Avoid, p.Node) {
			c.t.Fatalf("%d is sent to %d: %+v", w.Node, p.Node, ans)
		}
		m := c.tree.members[p.Node]
		if i > 0 && p.Partial && m.descends(me) {
			c.t.Fatalf("%d may turn to %d, which gets its bytes from it", w.Node, p.Node)
		}
		if i == 0 && me.parent() != m {
			c.t.Fatalf("%d is sent to %d and has no place there", w.Node, p.Node)
		}
		if p.Partial && m.reached(c.tree.size, c.now) <= w.Offset && c.had[w.Node] != m {
			c.t.Fatalf("%d needs what comes after %d and is sent to one at %d", w.Node, w.Offset, m.offset)
		}
	}
	if ans.Lease && me != nil && me.parent() != nil {
		c.t.Fatalf("%d has the lease, and a parent", w.Node)
	}
}

// check looks at the whole.
func (c *chaos) check() {
	c.t.Helper()
	children, partials, onShelf, places := map[*member]int{}, 0, 0, 0
	for node, m := range c.tree.members {
		if m.gone || c.dead[node] && m.stage != aside {
			c.t.Fatalf("%d is no more, and still a member", node)
		}
		steps := 0
		for p := m.parent(); p != nil; p = p.parent() {
			if steps++; p.gone || steps > crowdOf {
				c.t.Fatalf("the way up from %d has no end, or ends nowhere", node)
			}
		}
		children[m.parent()]++
		if m.stage != aside {
			partials++
		}
		if m.partial() {
			onShelf++
		}
	}
	for node, m := range c.tree.members {
		if m.children != children[m] || c.books.places(node) != m.children || (m.stage == aside && m.children == 0) {
			c.t.Fatalf("%d has %d children; its books say %d and %d", node, children[m], m.children, c.books.places(node))
		}
	}
	for _, a := range c.books.accounts {
		places += a.places
		onShelf -= a.growing
	}
	if partials != c.tree.partials || onShelf != 0 || places != len(c.tree.members)-children[nil] {
		c.t.Fatal("the books are wrong")
	}
	c.checkShelves()
	c.checkLeases()
}

func (c *chaos) checkShelves() {
	for _, z := range c.tree.zones {
		for i := range z.shelf {
			for m := z.shelf[i].first; m != nil; m = m.next {
				if m.gone || !m.partial() || rowOf(m) != i || m.zone != z {
					c.t.Fatalf("%d is in the wrong row", m.node)
				}
			}
		}
	}
}

func (c *chaos) checkLeases() {
	if most := 1; len(c.tree.leases) > most && !c.tree.rules.PerZone || len(c.tree.leases) > 3 {
		c.t.Fatalf("leases: %v", c.tree.leases)
	}
	for _, l := range c.tree.leases {
		if c.dead[l.node] {
			c.t.Fatalf("%d is dead and has a lease", l.node)
		}
	}
}

// end takes everybody away, after which nothing may be left.
func (c *chaos) end() {
	for _, z := range c.tree.zones {
		for _, w := range z.queue {
			c.tree.Quit(w)
		}
	}
	for node := range uint32(crowdOf + 1) {
		c.tree.Lose(node)
	}
	if !c.tree.Idle() || len(c.books.origins) > 0 || len(c.tree.streams) > 0 {
		c.t.Fatalf("something is left: %+v, %+v", c.tree, c.books)
	}
}
