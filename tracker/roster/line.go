package roster

import "sync"

// maxOnLine is how many nodes may share a connection before its end says
// nothing about any of them: then there is a proxy in between.
const maxOnLine = 4

// Line is one connection that heartbeats come over, by which the death of a
// process is seen at once: its kernel closes it. The zero Line is new.
//
// A node may use several, and closes one now and then for reasons of its own.
// Only the one that its last heartbeat came over counts, and its end is no more
// than a reason to look.
type Line struct {
	mu    sync.Mutex
	nodes []*Node
}

// carries notes that a heartbeat has come. Mostly it is the same as before.
func (l *Line) carries(n *Node) {
	if l == nil || n.line.Load() == l {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.nodes) <= maxOnLine {
		l.nodes = append(l.nodes, n)
	}
	n.line.Store(l)
}

// Hangup notes that a line has closed, and looks at whoever was heard over it
// last. Nothing comes over it any more.
func (r *Roster) Hangup(l *Line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.nodes) > maxOnLine {
		return
	}
	for _, n := range l.nodes {
		if n.line.Load() == l && n.State().Usable() {
			n.hungUp.Store(true)
			r.ask(n)
		}
	}
}
