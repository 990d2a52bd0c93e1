package placer

import (
	"sync"
	"sync/atomic"
)

// quiet has the nodes that nothing is wanted of. Every heartbeat asks, so that
// asking takes no lock; a node that is not in it yet is spoken to.
type quiet struct {
	busy atomic.Bool // there is a tracker that acts, and it is this one
	bits atomic.Pointer[[]atomic.Bool]
	mu   sync.Mutex // for growing
}

func (q *quiet) has(ordinal uint32) bool {
	bits := q.bits.Load()
	return bits != nil && int(ordinal) < len(*bits) && (*bits)[ordinal].Load()
}

func (q *quiet) set(ordinal uint32, is bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	bits := q.bits.Load()
	if bits == nil || int(ordinal) >= len(*bits) {
		grown := make([]atomic.Bool, max(1024, 2*int(ordinal)))
		if bits != nil {
			for i := range *bits {
				grown[i].Store((*bits)[i].Load())
			}
		}
		bits = &grown
		q.bits.Store(bits)
	}
	(*bits)[ordinal].Store(is)
}

func (q *quiet) reset() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bits.Store(nil)
}
