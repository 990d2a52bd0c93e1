package roster

import (
	"iter"
	"time"
)

// ByName is the node of that name, or nil.
func (r *Roster) ByName(name string) *Node {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byName[name]
}

// At is the node with that ordinal, or nil. One that is in no answer any more
// is Purged.
func (r *Roster) At(ordinal uint32) *Node {
	chunks := *r.chunks.Load()
	if at := int(ordinal / chunkSize); at < len(chunks) {
		return &chunks[at][ordinal%chunkSize]
	}
	return nil
}

// All yields every node that is not purged.
func (r *Roster) All() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		for _, chunk := range *r.chunks.Load() {
			for i := range chunk {
				if n := &chunk[i]; n.State() != Purged && !yield(n) {
					return
				}
			}
		}
	}
}

// Silence is how long the node was not heard; negative in the grace after
// [Roster.Restore].
func (r *Roster) Silence(n *Node) time.Duration {
	heard, _ := unpackSign(n.sign.Load())
	return r.clock() - heard
}

// Count is the number of nodes in that state at the last scan.
func (r *Roster) Count(s State) int { return int(r.counts[s].Load()) }

// Closed says whether a gate held verdicts back at the last scan.
func (r *Roster) Closed(g Gate) bool { return r.closed[g].Load() }
