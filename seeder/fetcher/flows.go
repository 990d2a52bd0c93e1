package fetcher

import (
	"sync"

	"github.com/opencontainers/go-digest"
)

// flows are the streams that are open, by digest.
type flows struct {
	mu   sync.Mutex
	open map[digest.Digest][]*flow
}

func (f *flows) add(w *flow) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		f.open = make(map[digest.Digest][]*flow)
	}
	f.open[w.want.digest] = append(f.open[w.want.digest], w)
}

func (f *flows) remove(w *flow) {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := w.want.digest
	rest := make([]*flow, 0, len(f.open[d]))
	for _, other := range f.open[d] {
		if other != w {
			rest = append(rest, other)
		}
	}
	if f.open[d] = rest; len(rest) == 0 {
		delete(f.open, d)
	}
}

// of lists the streams of one digest.
func (f *flows) of(d digest.Digest) []*flow {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open[d] // never changed in place
}

// Helpers names the nodes that send a blob at the moment, together with its
// parent.
func (f *Fetcher) Helpers(d digest.Digest) (nodes []string) {
	for _, w := range f.flows.of(d) {
		nodes = append(nodes, w.ahead.nodes()...)
	}
	return nodes
}
