package swarm

import "time"

// severalLeases are more than a node ever has for manifests.
const severalLeases = 4

// lease is the leave for one node to get the digest from the origin. It is over
// when that node has a byte that was not there before: then it is a parent like
// any other.
type lease struct {
	node   uint32
	since  time.Duration
	offset int64 // bytes it had already
	// registry is the one that it is for, as far as that is known.
	registry string
}

// leaseOf names the lease that a node of that zone would get.
func (t *Tree) leaseOf(zone string) string {
	if t.rules.PerZone {
		return zone
	}
	return ""
}

// origin answers somebody for whom nobody has anything. Who has the beginning has to
// wait for those who are about to have more. Where one had the lease in vain, and the
// next has nothing yet either, it is the registry that is slow: then it is no use if
// everybody goes there.
func (t *Tree) origin(a *Ask, now time.Duration) Answer {
	name := t.leaseOf(a.Zone)
	held, taken := t.leases[name]
	switch {
	case taken && (held.node == a.Node || t.ledger.blocked(t.registry, a.Node, now-blockedTimes*t.rules.Start)):
		return Answer{Lease: true}
	case taken:
		return t.later(a, t.lapses > 0 || t.patience(held, now) > t.rules.Start)
	case t.rules.PerRegistry > 0 && t.ledger.origins[a.Registry] >= t.rules.PerRegistry:
		return t.later(a, t.ledger.stretch(t.registry, t, a.Node, now) > 1)
	case a.Offset > 0 && !t.stuck(a, now):
		return t.later(a, true)
	}
	t.grant(name, lease{node: a.Node, since: now, offset: a.Offset}, a.Registry)
	return Answer{Lease: true}
}

// later has somebody wait; once he has, and it is not worth another wait, he is
// free.
func (t *Tree) later(a *Ask, worth bool) Answer {
	busy := worth && a.Last && a.Patient
	return Answer{Busy: busy, Free: a.Last && !busy}
}

// grant gives a lease. The registry bears it until the ingest is over, or has
// found another parent.
func (t *Tree) grant(name string, l lease, registry string) {
	l.registry = t.registry
	t.leases[name] = l
	t.ledger.await(l.registry, l.node, l.since)
	if _, already := t.streams[l.node]; !already {
		t.streams[l.node] = registry
		t.ledger.bear(registry, +1)
	}
	if m := t.members[l.node]; m != nil {
		t.unplace(m)
		m.moved = l.since // a heartbeat may still name the parent
	}
}

// revoke ends a lease.
func (t *Tree) revoke(name string) {
	l := t.leases[name]
	t.ledger.settled(l.registry, l.node)
	delete(t.leases, name)
}

// claim notes that a node says that it gets the digest from the origin and has
// nothing yet. Mostly it says so because another tracker has given it the lease: who
// asks here, since that tracker is gone or slow, waits for it as well.
func (t *Tree) claim(m *member, now time.Duration) {
	name := t.leaseOf(m.zone.name)
	if _, taken := t.leases[name]; !taken {
		t.grant(name, lease{node: m.node, since: now}, "")
	}
}

// relieve notes that a node gets nothing from the origin any more.
func (t *Tree) relieve(node uint32) {
	if registry, found := t.streams[node]; found {
		delete(t.streams, node)
		t.ledger.bear(registry, -1)
	}
}

// started ends the lease of a member that has got something. The next may take as
// long.
func (t *Tree) started(m *member, now time.Duration) {
	for name, l := range t.leases {
		if l.node == m.node && m.offset > l.offset {
			m.step = now - l.since
			t.revoke(name)
		}
	}
}

// release ends what a node has from the origin. A lease of which nothing has come
// is lost.
func (t *Tree) release(node uint32, lost bool) {
	t.relieve(node)
	for name, l := range t.leases {
		if l.node == node {
			t.revoke(name)
			if lost {
				t.passed++
			}
		}
	}
}

// lapse ends leases of which nothing was seen in time. Where the registry has others
// to send to, another one would be no quicker.
func (t *Tree) lapse(now time.Duration) {
	for _, l := range t.leases {
		if now-l.since >= t.patience(l, now) {
			t.lapses++
			t.release(l.node, true)
		}
	}
}

// patience is how long a lease is good for without a byte. What has no known size may
// be a manifest, which has not to wait for its turn; a node that has leases for several
// digests is after layers.
func (t *Tree) patience(l lease, now time.Duration) time.Duration {
	switch {
	case l.registry == "", t.size == 0 && t.ledger.owed(l.registry, l.node) < severalLeases:
		return t.rules.Start
	case t.ledger.occupied(t, l.node, now):
		return ownTimes * t.rules.Start
	}
	return time.Duration(t.ledger.stretch(l.registry, t, l.node, now)) * t.rules.Start
}
