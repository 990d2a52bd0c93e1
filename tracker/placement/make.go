package placement

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Make says what has to be done now. The policies and jobs are valid, and no two
// have the same name.
func Make(w *World, policies []Policy, jobs []Job, now time.Time) *Plan {
	p := newPlanner(w, now)
	rules := p.rules(policies)
	drains := p.drains()
	p.recall()
	p.recognise(p.wishes(rules, drains, jobs))

	saved := p.claimDrains(drains)
	claims := p.claims(rules)
	for _, c := range saved {
		p.fill(c)
	}
	for i := range jobs {
		p.plan.Jobs = append(p.plan.Jobs, p.job(&jobs[i]))
	}
	p.improve(claims)

	for _, c := range slices.Concat(saved, claims) {
		p.settle(c)
	}
	for _, c := range claims {
		p.plan.Images = append(p.plan.Images, p.status(c))
	}
	p.keepSaved()
	p.plan.Drains = p.left(drains, saved, claims)
	p.writePins()
	p.finish()
	return p.plan
}

// rules are the policies, those that want most first.
func (p *planner) rules(policies []Policy) (all []*rule) {
	for i := range policies {
		all = append(all, p.prepare(&policies[i], policies[i].Owner()))
	}
	slices.SortFunc(all, byWish)
	for _, c := range contradictions(all, p.names()) {
		for _, r := range all {
			if r.Policy.Name == c.Policy || r.Policy.Name == c.Other {
				r.conflict = &c
			}
		}
	}
	return all
}

// names are those of all images, in order.
func (p *planner) names() []string { return slices.Sorted(maps.Keys(p.latest)) }

// claims are all images of all rules, with the copies that they have.
func (p *planner) claims(rules []*rule) (all []*claim) {
	for _, name := range p.names() {
		for _, r := range rules {
			if p.claimed(r, name) {
				all = append(all, p.claim(r, name, p.latest[name].Digest))
			}
		}
	}
	return all
}

// claimed says whether a rule is for an image of this name.
func (p *planner) claimed(r *rule, name string) bool {
	if !r.names.match(name) {
		return false
	}
	if r.UsedBy == 0 {
		return true
	}
	for _, pin := range p.pins[name] {
		if slices.Contains(pin.Owners, r.owner) {
			return true
		}
	}
	return len(p.holders(name, p.latest[name].Digest)) >= r.UsedBy
}

// improve gives what is missing, the rarest first, and then moves what could lie
// better.
func (p *planner) improve(claims []*claim) {
	ordered := slices.Clone(claims)
	slices.SortStableFunc(ordered, func(a, b *claim) int { return cmp.Compare(a.live, b.live) })
	for _, c := range ordered {
		p.fill(c)
	}
	for _, c := range ordered {
		p.even(c)
	}
}

// wishes are what a tracker with these policies and jobs may have given.
func (p *planner) wishes(rules []*rule, drains []*drain, jobs []Job) (all []wish) {
	if !p.strangers() {
		return nil
	}
	for _, name := range p.names() {
		for _, r := range rules {
			if r.names.match(name) {
				all = append(all, wish{image: name, digest: p.latest[name].Digest, deadline: p.now.Add(r.deadline())})
				break
			}
		}
	}
	for _, d := range drains {
		for _, i := range d.images {
			all = append(all, wish{image: i.Name, digest: i.Digest, deadline: p.now.Add(defaultDeadline)})
		}
	}
	for i := range jobs {
		for _, name := range jobs[i].Images {
			all = append(all, p.wishesOf(&jobs[i], name)...)
		}
	}
	return all
}

// wishesOf a job: the first nodes have been told no digest, the next one that
// somebody has resolved.
func (p *planner) wishesOf(j *Job, name string) []wish {
	d := p.resolved(j, name)
	first := wish{image: name, digest: d, deadline: j.end()}
	if fixed(name) != "" {
		return []wish{first}
	}
	unresolved := wish{image: name, job: j.ID, deadline: j.end()}
	if d == "" {
		d = p.latest[name].Digest
		first.digest = d
	}
	if d == "" {
		return []wish{unresolved}
	}
	return []wish{first, unresolved}
}

func (p *planner) strangers() bool {
	return slices.ContainsFunc(p.seats, func(s seat) bool { return len(s.Strange) > 0 })
}

// writePins makes the pins of the plan.
func (p *planner) writePins() {
	for here, k := range p.keep {
		n := p.seats[here.node]
		p.plan.Pins[n.Ordinal] = append(p.plan.Pins[n.Ordinal], trackerapi.Pin{Image: here.image, Digest: k.digest, Owners: k.owners})
	}
	for _, pins := range p.plan.Pins {
		slices.SortFunc(pins, func(a, b trackerapi.Pin) int { return strings.Compare(a.Image, b.Image) })
	}
}
