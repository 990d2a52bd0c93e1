package fetcher

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	maxPeers     = 1024
	peerIdleTime = 5 * time.Minute // a peer that was not used for this long is forgotten
)

// peers is this node's own memory of its neighbours, by address and across
// digests.
type peers struct {
	dialTimeout time.Duration
	via         func(node string, base http.RoundTripper) http.RoundTripper

	mu     sync.Mutex
	byAddr map[string]*peer
}

// get returns the peer at addr, and marks it as used.
func (p *peers) get(addr string) *peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.byAddr[addr]
	if !ok {
		if len(p.byAddr) >= maxPeers {
			p.evictOldest()
		}
		known = &peer{transport: newTransport(p.dialTimeout), via: p.via}
		p.byAddr[addr] = known
	}
	known.used = time.Now()
	return known
}

func (p *peers) evictOldest() {
	oldest := slices.MinFunc(slices.Collect(maps.Keys(p.byAddr)), func(a, b string) int {
		return cmp.Compare(p.byAddr[a].used.UnixNano(), p.byAddr[b].used.UnixNano())
	})
	p.evict(oldest)
}

// evict forgets a peer. Requests under way are not disturbed: they end with
// their own connections.
func (p *peers) evict(addr string) {
	p.byAddr[addr].transport.CloseIdleConnections()
	delete(p.byAddr, addr)
}

// sweep evicts what was not used since the given time.
func (p *peers) sweep(since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for addr, known := range p.byAddr {
		if known.used.Before(since) {
			p.evict(addr)
		}
	}
}

// peer is one neighbour. It has a transport of its own, so that the pooled
// connections of one that failed can be dropped without touching the others.
type peer struct {
	transport *http.Transport
	via       func(node string, base http.RoundTripper) http.RoundTripper // see [Config.Via]
	used      time.Time                                                   // guarded by peers.mu

	mu      sync.Mutex
	latency latency
	backoff backoff
}

func (p *peer) standing() standing {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	return standing{pace: p.latency.pace(now), backedOff: p.backoff.active(now), doubtful: p.backoff.remembered(now)}
}

// answered notes the time to the first byte, or, of a request that was given
// up, how long there was none.
func (p *peer) answered(after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latency.add(after, time.Now())
}

// delivered ends the back-off: the peer has sent all that it was asked for.
func (p *peer) delivered() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.backoff = backoff{}
}

// busy lets others come first for a moment.
func (p *peer) busy() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.backoff = p.backoff.busy(time.Now())
}

// failed starts or lengthens the back-off. Idle connections to a peer that
// failed are not to be trusted: Linux may keep a dead one for hours.
func (p *peer) failed() {
	p.mu.Lock()
	p.backoff = p.backoff.failed(time.Now())
	p.mu.Unlock()
	p.transport.CloseIdleConnections()
}
