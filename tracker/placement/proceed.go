package placement

import (
	"cmp"
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// proceed begins what is not under way, or says why not.
func (p *planner) proceed(t *work, here spot) {
	k := p.byOwner[t.Owner()][here]
	if k != nil && !k.Over() {
		k = nil // it is withdrawn
	}
	if k != nil && k.State.Phase != trackerapi.TaskDone {
		p.use(k, t.Owner(), t.Pin) // to remember its failures
		if k.Attempt > t.Retries {
			t.add(p, here, k, trackerapi.TaskFailed, cmp.Or(k.State.Error, string(k.State.Phase)))
			return
		}
	}
	d := t.digests[here.image]
	if why := p.hindrance(t, here, d); why != "" {
		t.add(p, here, k, trackerapi.TaskWaiting, why)
		return
	}
	t.add(p, here, p.begin(t, here, d), trackerapi.TaskWaiting, "")
}

func (p *planner) hindrance(t *work, here spot, d digest.Digest) string {
	n := &p.seats[here.node]
	if n.State != Live {
		return "the node is " + n.State.String()
	}
	if n.Degraded != "" {
		return "the node is degraded: " + n.Degraded
	}
	if until, why := p.failedLately(here); why != "" {
		p.soon(until)
		return fmt.Sprintf("tried again at %s: %s", until.UTC().Format(time.TimeOnly), why)
	}
	if k := p.at[here]; k != nil && !k.Over() && (d == "" || k.meant() != d) {
		return "the node is getting another version of it"
	}
	switch {
	case t.underway >= t.Budget.parallel():
		return fmt.Sprintf("%d are under way for this job", t.underway)
	case p.underway >= p.limits.Total:
		return fmt.Sprintf("%d are under way in the cluster", p.underway)
	case n.tasks >= p.limits.PerNode:
		return "the node is getting others"
	case !p.fits(n, p.bytes(d)):
		return "the node has no room"
	}
	return ""
}

func (p *planner) begin(t *work, here spot, d digest.Digest) *Known {
	o := order{
		node: here.node, image: here.image, digest: d, owner: t.Owner(), pins: t.Pin,
		platforms: t.Platforms, unpack: t.Unpack, pullSecret: t.PullSecret, rate: t.Budget.rate(), deadline: t.end(),
	}
	if d == "" {
		o.job = t.ID
	}
	t.underway++
	p.pinFor(t, here, d)
	return p.give(o)
}
