package swarm

import "time"

// lease is the leave for one node to get the digest from the origin. It is over
// when that node has a byte that was not there before: then it is a parent like
// any other.
type lease struct {
	node   uint32
	since  time.Duration
	offset int64 // bytes it had already
}

// leaseOf names the lease that a node of that zone would get.
func (t *Tree) leaseOf(zone string) string {
	if t.rules.PerZone {
		return zone
	}
	return ""
}

// origin answers somebody for whom nobody has anything.
func (t *Tree) origin(a *Ask, now time.Duration) Answer {
	name := t.leaseOf(a.Zone)
	held, taken := t.leases[name]
	switch {
	case taken && held.node != a.Node:
		return Answer{Free: a.Last}
	case !taken && t.rules.PerRegistry > 0 && t.ledger.origins[a.Registry] >= t.rules.PerRegistry:
		return Answer{Free: a.Last}
	case !taken:
		t.grant(name, lease{a.Node, now, a.Offset}, a.Registry)
	}
	return Answer{Lease: true}
}

// grant gives a lease. The registry bears it until the ingest is over, or has
// found another parent.
func (t *Tree) grant(name string, l lease, registry string) {
	t.leases[name] = l
	if _, already := t.streams[l.node]; !already {
		t.streams[l.node] = registry
		t.ledger.bear(registry, +1)
	}
	if m := t.members[l.node]; m != nil {
		t.unplace(m)
	}
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

// started ends the lease of a member that has got something.
func (t *Tree) started(m *member) {
	for name, l := range t.leases {
		if l.node == m.node && m.offset > l.offset {
			delete(t.leases, name)
		}
	}
}

// release ends what a node has from the origin. A lease of which nothing has come
// is lost.
func (t *Tree) release(node uint32, lost bool) {
	t.relieve(node)
	for name, l := range t.leases {
		if l.node == node {
			delete(t.leases, name)
			if lost {
				t.passed++
			}
		}
	}
}

// lapse ends leases of which nothing was seen in time.
func (t *Tree) lapse(now time.Duration) {
	for _, l := range t.leases {
		if now-l.since >= t.rules.Start {
			t.release(l.node, true)
		}
	}
}
