package fetcher

import (
	"slices"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
)

const (
	avoidMemory = 5 * time.Second
	maxAvoided  = 1024 // digests
)

// avoided remembers for a moment who has failed a body. When that was its end,
// containerd asks for the rest, which is a new body: it should not be sent to the
// same nodes.
// A partial holder that stood still is not among them: its own source may be slow,
// and if all who wait behind it went to the registry, that would be slower still.
type avoided struct {
	mu sync.Mutex
	by map[digest.Digest][]failing
}

type failing struct {
	node  string
	whole bool
	at    time.Time
}

func (a *avoided) note(d digest.Digest, c candidate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.by = make(map[digest.Digest][]failing)
	}
	if len(a.by) >= maxAvoided {
		a.forget()
	}
	all := slices.DeleteFunc(a.fresh(d), func(f failing) bool { return f.node == c.Node })
	a.by[d] = lastOf(append(all, failing{c.Node, !c.Partial, time.Now()}), maxAvoid)
}

// nodes names those of a digest: all, or only those who had just the beginning of
// it.
func (a *avoided) nodes(d digest.Digest, partial bool) (nodes []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.fresh(d) {
		if !partial || !f.whole {
			nodes = append(nodes, f.node)
		}
	}
	return nodes
}

func (a *avoided) fresh(d digest.Digest) (all []failing) {
	for _, f := range a.by[d] {
		if time.Since(f.at) < avoidMemory {
			all = append(all, f)
		}
	}
	return all
}

// forget drops what is over; when that is nothing, all of it: the worst that can
// come of it is one try too many.
func (a *avoided) forget() {
	before := len(a.by)
	for d := range a.by {
		if len(a.fresh(d)) == 0 {
			delete(a.by, d)
		}
	}
	if len(a.by) == before {
		clear(a.by)
	}
}
