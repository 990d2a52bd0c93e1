package swarm

import "time"

// place makes one member the child of another, or of nobody. Whoever would come
// to be above himself is cut off below: one of the two things that we have heard
// is old.
func (t *Tree) place(m, parent *member, now time.Duration) {
	if m.parent() == parent {
		return
	}
	t.unplace(m)
	if parent == nil {
		return
	}
	t.cut(parent, m)
	t.tap(m, false)
	m.above, m.moved = parent, now
	t.deepen(m, parent.depth+1)
	t.load(parent, +1)
}

func (t *Tree) deepen(m *member, depth int) {
	t.reshelve(m, func() { m.depth = depth })
}

// reshelve changes what decides in which row a member is.
func (t *Tree) reshelve(m *member, change func()) {
	on := m.row != nil
	if on {
		m.zone.shelf.take(m)
	}
	if change(); on {
		m.zone.shelf.put(m)
	}
}

func (t *Tree) cut(from, below *member) {
	for p := from; p != nil; p = p.parent() {
		if p.parent() == below {
			t.unplace(p)
			return
		}
	}
}

func (t *Tree) unplace(m *member) {
	parent := m.parent()
	if parent == nil {
		return
	}
	m.above = nil
	t.deepen(m, 0)
	t.load(parent, -1)
}

// load changes the number of a member's children. Who stands aside is kept for
// the sake of them.
func (t *Tree) load(m *member, n int) {
	t.reshelve(m, func() { m.children += n })
	t.ledger.of(m.node).places += n
	if m.stage == aside && m.children == 0 {
		t.drop(m)
	}
}

// drop takes a member out. Its children find out when they look up.
func (t *Tree) drop(m *member) {
	t.unplace(m)
	t.become(m, aside)
	t.ledger.of(m.node).places -= m.children
	m.children, m.gone = 0, true
	delete(t.members, m.node)
}

// hold keeps a member for a while, until it has said more.
func (t *Tree) hold(m *member, now time.Duration) {
	m.seen = now
	t.holds = append(t.holds, hold{m.node, now + holdTime})
}
