package swarm

import (
	"math"
	"time"
)

// halfLife is how fast a measured peak is forgotten.
const halfLife = 10 * time.Minute

// Ledger keeps what concerns a node in all swarms together. The zero Ledger is
// empty.
type Ledger struct {
	accounts map[uint32]*account
	intake   peak // the most that any node has taken in
	// origins counts, by registry, the streams that leases have led to.
	origins    map[string]int
	deliveries map[string]*delivery // by registry
	trees      int                  // that there have been
}

type account struct {
	places  int // children that it has, over all digests
	growing int // swarms in which it is a partial holder
	uplink  peak
	got     parcels // from anywhere
}

// peak is the most that was measured, in bytes per second, and when. It halves
// with time, since links change.
type peak struct {
	rate float64
	at   time.Duration
}

func (p peak) now(now time.Duration) float64 {
	if p.rate == 0 {
		return 0
	}
	return p.rate * math.Exp2(-float64(now-p.at)/float64(halfLife))
}

func (p *peak) note(rate int64, now time.Duration) {
	if r := float64(rate); r > 0 && r >= p.now(now) {
		*p = peak{r, now}
	}
}

func (l *Ledger) of(node uint32) *account {
	if l.accounts == nil {
		l.accounts = map[uint32]*account{}
	}
	a := l.accounts[node]
	if a == nil {
		a = new(account)
		l.accounts[node] = a
	}
	return a
}

// Note takes what a node says that it lately sent and took in, in bytes per
// second. Both are less than its link carries: they only show that it carries
// as much.
func (l *Ledger) Note(node uint32, sent, taken int64, now time.Duration) {
	if sent > 0 {
		l.of(node).uplink.note(sent, now)
	}
	l.intake.note(taken, now)
}

// fanout is how many children the node's uplink can feed at the rate at which
// nodes here take in; 0 when that was never measured. The intake is the fleet's
// best and not the child's own: that may just be what it got as one of many.
func (l *Ledger) fanout(node uint32, now time.Duration) int {
	a := l.accounts[node]
	if a == nil {
		return 0
	}
	up, in := a.uplink.now(now), l.intake.now(now)
	if up == 0 || in == 0 {
		return 0
	}
	return int(up/in + 0.1) // measured rates fall a little short
}

// uplink is what the node was seen to send, in bytes per second; 0 when it never
// was.
func (l *Ledger) uplink(node uint32, now time.Duration) float64 {
	if a := l.accounts[node]; a != nil {
		return a.uplink.now(now)
	}
	return 0
}

// bear changes what a registry has to bear.
func (l *Ledger) bear(registry string, n int) {
	if l.origins == nil {
		l.origins = map[string]int{}
	}
	if l.origins[registry] += n; l.origins[registry] == 0 {
		delete(l.origins, registry)
	}
}

func (l *Ledger) places(node uint32) int {
	if a := l.accounts[node]; a != nil {
		return a.places
	}
	return 0
}

func (l *Ledger) growing(node uint32) int {
	if a := l.accounts[node]; a != nil {
		return a.growing
	}
	return 0
}

// Forget is for a node that is no more.
func (l *Ledger) Forget(node uint32) { delete(l.accounts, node) }
