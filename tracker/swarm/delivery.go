package swarm

import "time"

const (
	// lately is how old news of a registry may be: heartbeats bring some of it. Those
	// of a node are good for longer: of several streams on one full link, each may
	// stand still for seconds.
	lately     = 2 * time.Second
	latelyNode = 5 * time.Second
	// bulk is more than manifests and configurations have. They come before the
	// layers, and tell nothing about those.
	bulk = 256 << 10
	// crowded is how many other nodes have to wait for a registry's first byte, for
	// it to be the registry that is slow, and not one of them.
	crowded = 2
	// maxDeliveries is how many registries are kept in mind.
	maxDeliveries = 1024

	// busyTimes as long as otherwise is waited for a registry while it sends
	// something else to others: its link is full, and one more copy would make it
	// slower for all.
	busyTimes = 12
	// ownTimes is the same for the first byte of a node that gets something else
	// meanwhile, from wherever. containerd gets three layers at a time. It asks the
	// mirror for all of them at once, but the registry only when it is their turn;
	// by then nobody can keep it from that.
	ownTimes = 28
	// blockedTimes is after how long without anything from a registry it is taken
	// for certain that those who have leases wait for each other.
	blockedTimes = 3
)

// delivery is what a registry has lately sent, and who waits for it to begin.
type delivery struct {
	awaited map[uint32]debt // by node
	sent    parcels
}

// debt is how many leases of a node are without a byte, and since when it has any.
type debt struct {
	leases int
	since  time.Duration
}

// parcels are the last two trees that something has come for. The zero parcels are
// none.
type parcels struct{ last, other parcel }

type parcel struct {
	tree int // its number
	at   time.Duration
}

func (p parcels) with(t *Tree, now time.Duration) parcels {
	if p.last.tree != t.number {
		p.other = p.last
	}
	p.last = parcel{t.number, now}
	return p
}

// beside says whether something has come for another tree since then.
func (p parcels) beside(t *Tree, since time.Duration) bool {
	q := p.last
	if q.tree == t.number {
		q = p.other
	}
	return q.tree != 0 && q.at > since
}

// stretch is how many times as long as otherwise to wait for what a registry has not
// sent to a node for one tree. Of a registry without a name nothing is known.
func (l *Ledger) stretch(registry string, t *Tree, node uint32, now time.Duration) int {
	d := l.deliveries[registry]
	if d == nil || registry == "" {
		return 1
	}
	others := len(d.awaited)
	if d.awaited[node].leases > 0 {
		others--
	}
	if others >= crowded || d.sent.beside(t, now-lately) {
		return busyTimes
	}
	return 1
}

// occupied says whether a node has lately got something else.
func (l *Ledger) occupied(t *Tree, node uint32, now time.Duration) bool {
	a := l.accounts[node]
	return a != nil && a.got.beside(t, now-latelyNode)
}

// sent notes that something has come from a registry.
func (l *Ledger) sent(registry string, t *Tree, offset int64, now time.Duration) {
	if d := l.delivery(registry); offset >= bulk {
		d.sent = d.sent.with(t, now)
	}
}

// got notes that something has come to a node, from anywhere.
func (l *Ledger) got(node uint32, t *Tree, offset int64, now time.Duration) {
	if a := l.of(node); offset >= bulk {
		a.got = a.got.with(t, now)
	}
}

// await notes a lease that waits for a registry's first byte.
func (l *Ledger) await(registry string, node uint32, now time.Duration) {
	d := l.delivery(registry)
	owed := d.awaited[node]
	if owed.leases++; owed.leases == 1 {
		owed.since = now
	}
	d.awaited[node] = owed
}

// owed is how many leases of a node are without a byte.
func (l *Ledger) owed(registry string, node uint32) int {
	if d := l.deliveries[registry]; d != nil {
		return d.awaited[node].leases
	}
	return 0
}

// settled notes the end of such a wait.
func (l *Ledger) settled(registry string, node uint32) {
	d := l.delivery(registry)
	owed := d.awaited[node]
	if owed.leases--; owed.leases <= 0 {
		delete(d.awaited, node)
		return
	}
	d.awaited[node] = owed
}

// blocked says that nobody gets anything from a registry, and that this node is the
// one that has had a lease for it for the longest. If it waits for what others have
// leases for, they may be waiting for it: none has a turn left for its own.
func (l *Ledger) blocked(registry string, node uint32, since time.Duration) bool {
	d := l.deliveries[registry]
	if d == nil || registry == "" || d.sent.last.at > since {
		return false
	}
	owed := d.awaited[node]
	if owed.leases == 0 || owed.since > since {
		return false
	}
	for other, o := range d.awaited {
		if o.since < owed.since || (o.since == owed.since && other < node) {
			return false
		}
	}
	return true
}

// delivery is the registry's, a new one if need be. Those of which nothing is
// awaited can be forgotten.
func (l *Ledger) delivery(registry string) *delivery {
	if d := l.deliveries[registry]; d != nil {
		return d
	}
	if l.deliveries == nil {
		l.deliveries = map[string]*delivery{}
	}
	if len(l.deliveries) >= maxDeliveries {
		for name, d := range l.deliveries {
			if len(d.awaited) == 0 {
				delete(l.deliveries, name)
			}
		}
	}
	d := &delivery{awaited: map[uint32]debt{}}
	l.deliveries[registry] = d
	return d
}
