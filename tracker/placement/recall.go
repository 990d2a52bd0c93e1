package placement

import (
	"cmp"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// recall brings in what has been given: a copy of each task, since the plan may
// change what it says. Those under way come last, so that they are found.
func (p *planner) recall() {
	all := slices.Clone(p.w.Tasks)
	slices.SortFunc(all, func(a, b Known) int {
		switch {
		case a.Over() && !b.Over():
			return -1
		case b.Over() && !a.Over():
			return 1
		}
		return cmp.Or(a.Ended.Compare(b.Ended), a.Given.Compare(b.Given), cmp.Compare(a.ID, b.ID))
	})
	for _, k := range all {
		node, there := p.index[k.Node]
		if !there || p.seats[node].Name != k.Name {
			continue
		}
		k.expire(p.now)
		p.remember(node, &k)
	}
}

func (p *planner) remember(node int, k *Known) {
	here := spot{node, k.Image}
	for _, owner := range k.Wanted {
		if p.byOwner[owner] == nil {
			p.byOwner[owner] = map[spot]*Known{}
		}
		if old := p.byOwner[owner][here]; old == nil || old.Given.Before(k.Given) {
			p.byOwner[owner][here] = k
		}
	}
	switch settled := k.State.Phase == trackerapi.TaskDone && p.now.Sub(k.Ended) < settling; {
	case !k.Over() || settled:
		p.doing[k.Image] = append(p.doing[k.Image], k)
		p.at[here] = k
	default:
		if old := p.history[here]; old == nil || old.Ended.Before(k.Ended) {
			p.history[here] = k
		}
	}
	if !k.Over() {
		p.seats[node].tasks++
		p.seats[node].taken += max(0, cmp.Or(k.State.Size, p.bytes(k.meant()))-k.State.Offset)
	}
}

// expire ends what has had its time.
func (k *Known) expire(now time.Time) {
	if !k.Over() && !k.Deadline.IsZero() && !now.Before(k.Deadline) {
		k.State.Phase, k.State.Error, k.Ended = trackerapi.TaskFailed, "not done in time", now
	}
}

// wish is something that a node may have been told to get.
type wish struct {
	image    string
	digest   digest.Digest
	job      string // while the digest is not known
	deadline time.Time
}

// recognise finds out what the strange tasks of nodes are, by what they would be
// called if this plan gave them.
func (p *planner) recognise(wishes []wish) {
	for i := range p.seats {
		n := &p.seats[i]
		if len(n.Strange) == 0 {
			continue
		}
		names := make(map[string]wish, len(wishes))
		for _, w := range wishes {
			names[TaskID(n.Name, w.image, w.digest, w.job)] = w
		}
		for _, state := range n.Strange {
			if w, known := names[state.ID]; known {
				p.adopt(i, w, state)
			}
		}
	}
}

func (p *planner) adopt(node int, w wish, state trackerapi.TaskState) {
	if p.at[spot{node, w.image}] != nil {
		return
	}
	k := &Known{State: state, Task: Task{
		ID: state.ID, Attempt: state.Attempt, Node: p.seats[node].Ordinal, Name: p.seats[node].Name,
		Image: w.image, Digest: w.digest, Given: p.now, Deadline: w.deadline,
	}}
	if w.job != "" {
		k.Wanted = []string{"job/" + w.job}
	}
	if k.Over() {
		k.Ended = p.now
	}
	p.remember(node, k)
}
