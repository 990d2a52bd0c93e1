package placer

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/tracker/placement"
)

// Acting is who places content.
type Acting struct {
	// Tracker is the ID of the one that acts; empty if nobody is known to.
	Tracker string
	Me      bool
	Term    int64
	// Planned: this tracker acts, and has made its first plan.
	Planned bool
	// Away: the common memory can't be reached, so that nothing is placed.
	Away bool
	// Fault is what is wrong with the file of policies; empty if nothing is.
	Fault string
}

// Acting is how it stands now.
func (p *Placer) Acting() Acting {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Acting{
		Tracker: p.holder, Me: p.acts(), Term: p.term, Planned: p.acts() && p.plan != nil,
		Away: p.away.Load(), Fault: p.file.fault,
	}
}

// PolicyState is a policy with how it stands.
type PolicyState struct {
	placement.Policy
	Filed  bool // it comes from the file
	Images []placement.Status
}

// Policies are all, by name.
func (p *Placer) Policies() []PolicyState {
	view := p.View()
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.policies()
	states := make([]PolicyState, len(all))
	for i, policy := range all {
		states[i] = PolicyState{Policy: policy, Filed: p.file.has(policy.Name), Images: []placement.Status{}}
		for _, s := range view.Images {
			if s.Policy == policy.Name {
				states[i].Images = append(states[i].Images, s)
			}
		}
	}
	return states
}

// Policy is the one of that name.
func (p *Placer) Policy(name string) (PolicyState, error) {
	all := p.Policies()
	i := slices.IndexFunc(all, func(s PolicyState) bool { return s.Name == name })
	if i < 0 {
		return PolicyState{}, unknown("policy", name)
	}
	return all[i], nil
}

// Contradictions are policies that can't both be.
func (p *Placer) Contradictions() []placement.Contradiction {
	p.mu.Lock()
	few := len(p.policies()) < 2
	p.mu.Unlock()
	if few { // nobody needs to look at the world
		return nil
	}
	w, all := p.World()
	return placement.Contradictions(w, all)
}

// World is what is now, as far as this tracker knows, and all policies.
func (p *Placer) World() (*placement.World, []placement.Policy) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.world(), p.policies()
}

// LoadParts takes in what images consist of. It is for a tracker that does not
// act, before a question about bytes.
func (p *Placer) LoadParts(ctx context.Context) {
	if err := p.parts.load(ctx, p.Desk); err != nil {
		p.log.Debug("parts of images can't be read", "error", err)
	}
}

// DryRun says what a policy would cost.
func (p *Placer) DryRun(ctx context.Context, policy placement.Policy) (placement.Cost, []placement.Contradiction, error) {
	if err := policy.Validate(); err != nil {
		return placement.Cost{}, nil, err
	}
	p.LoadParts(ctx)
	w, all := p.World()
	others := slices.DeleteFunc(slices.Clone(all), func(o placement.Policy) bool { return o.Name == policy.Name })
	var against []placement.Contradiction
	for _, c := range placement.Contradictions(w, append(slices.Clone(others), policy)) {
		if c.Policy == policy.Name || c.Other == policy.Name {
			against = append(against, c)
		}
	}
	return placement.DryRun(w, all, policy, time.Now().UTC()), against, nil
}

// Explain shows every node as a candidate for one image of one policy. The
// digest is the latest of that name.
func (p *Placer) Explain(name, image string) (digest.Digest, []placement.Candidate, error) {
	policy, err := p.Policy(name)
	if err != nil {
		return "", nil, err
	}
	n := p.content.now().names[image]
	if n == nil {
		return "", nil, unknown("image", image)
	}
	w, _ := p.World()
	return n.latest.Digest, placement.Explain(w, &policy.Policy, image, n.latest.Digest, time.Now().UTC()), nil
}

// Capacity is the room of nodes, in no order, and of zones.
func (p *Placer) Capacity() (nodes, zones []placement.Room) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return placement.Capacity(p.nodes(), p.Limits)
}

// Lost says what of these versions of images would be lost.
func (p *Placer) Lost(ctx context.Context, versions iter.Seq[placement.Version]) placement.Loss {
	p.LoadParts(ctx)
	return placement.Lost(versions, p.parts.of)
}

// JobState is a job with how it stands.
type JobState struct {
	Job
	// Status is how it stands now, or stood when it was over; nil before the
	// first plan that knows of it.
	Status *placement.JobStatus
	Tasks  []placement.Known
}

// Jobs are all, the latest first. They have no tasks.
func (p *Placer) Jobs() []JobState {
	view := p.View()
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]JobState, 0, len(p.wanted.jobs))
	for _, id := range jobNames(p.wanted.jobs) {
		j := p.wanted.jobs[id]
		state := JobState{Job: j, Status: j.Result}
		if i := slices.IndexFunc(view.Jobs, func(s placement.JobStatus) bool { return s.ID == id }); i >= 0 && j.Result == nil {
			state.Status = &view.Jobs[i]
		}
		all = append(all, state)
	}
	slices.SortStableFunc(all, func(a, b JobState) int { return b.Created.Compare(a.Created) })
	return all
}

// JobOf is the one with that ID, with its tasks.
func (p *Placer) JobOf(id string) (JobState, error) {
	all := p.Jobs()
	i := slices.IndexFunc(all, func(s JobState) bool { return s.ID == id })
	if i < 0 {
		return JobState{}, unknown("job", id)
	}
	state := all[i]
	for _, k := range p.View().Tasks {
		if slices.Contains(k.Wanted, state.Owner()) {
			state.Tasks = append(state.Tasks, k)
		}
	}
	return state, nil
}
