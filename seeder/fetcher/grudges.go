package fetcher

import (
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
)

const (
	corruptMemory = 10 * time.Minute // a peer that sent wrong bytes is not asked for that digest again
	missMemory    = 10 * time.Second // nor one that did not have it, but it may get it
	maxGrudges    = 4096
)

// grudges are the pairs of digest and peer that are not to be tried. A peer
// that has started anew is another peer.
type grudges struct {
	mu    sync.Mutex
	until map[grudge]time.Time
}

type grudge struct {
	digest digest.Digest
	addr   string
	epoch  int64
}

func (g *grudges) bear(k grudge, d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if len(g.until) >= maxGrudges {
		g.forget(now)
	}
	if g.until == nil {
		g.until = make(map[grudge]time.Time)
	}
	g.until[k] = now.Add(d)
}

func (g *grudges) forgive(k grudge) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.until, k)
}

func (g *grudges) has(k grudge) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Now().Before(g.until[k])
}

// forget drops what is over. When that frees nothing, some others go: the
// worst that can come of it is one request too many.
func (g *grudges) forget(now time.Time) {
	for k, until := range g.until {
		if !now.Before(until) {
			delete(g.until, k)
		}
	}
	for k := range g.until {
		if len(g.until) < maxGrudges*3/4 {
			return
		}
		delete(g.until, k)
	}
}
