package placer

import (
	"context"
	"time"

	"github.com/drayproject/dray/tracker/placement"
)

// hearing is how long a tracker that has just begun to act waits for what the
// nodes do and keep, if it does not hear all of them before.
const hearing = 5 * time.Second

// idle says that nobody ever wanted anything, mu being held. Then no node is
// asked for anything.
func (p *Placer) idle() bool {
	for _, kind := range wantedKinds {
		if p.wanted.latest[kind] > 0 {
			return false
		}
	}
	return len(p.file.policies) == 0
}

// heard says whether enough is known to plan.
func (p *Placer) heard() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	busy := p.acts() && !p.idle()
	if p.quiet.busy.Swap(busy) != busy && busy {
		p.began = time.Now() // nobody was asked before
	}
	if !busy {
		return false
	}
	if time.Since(p.started) < hearing {
		return false // the nodes themselves have to find this tracker first
	}
	return time.Since(p.began) >= hearing || p.heardAll()
}

func (p *Placer) heardAll() bool {
	for n := range p.Roster.All() {
		if id := n.Identity(); n.State().Usable() && (p.told[id.Name] == nil || p.told[id.Name].epoch != id.Epoch) {
			return false
		}
	}
	return true
}

// place plans, and does what follows. The plan itself is made without the lock:
// nodes tell of their progress meanwhile.
func (p *Placer) place(ctx context.Context) {
	p.mu.Lock()
	begin := time.Now()
	w, policies, jobs, drains := p.world(), p.policies(), p.planned(), p.wanted.drains
	p.mu.Unlock()
	plan := placement.Make(w, policies, jobs, begin.UTC())
	p.counts.planned(time.Since(begin))
	if !p.adopt(w, plan, begin) {
		return
	}
	p.reach(p.keep(ctx, plan, drains))
}

// planned are the jobs that a plan has to know of, mu being held: those that go
// on, and those whose images are kept.
func (p *Placer) planned() (jobs []placement.Job) {
	for _, id := range jobNames(p.wanted.jobs) {
		if j := p.wanted.jobs[id]; j.Finished.IsZero() || (j.Pin && !j.Cancelled) {
			jobs = append(jobs, j.Job)
		}
	}
	return jobs
}

// adopt makes a plan the one that nodes are answered by, unless this tracker has
// ceased to act meanwhile.
func (p *Placer) adopt(w *placement.World, plan *placement.Plan, seen time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.acts() {
		return false
	}
	tasks := make(map[string]*known, len(plan.Tasks))
	for i := range plan.Tasks {
		k := &known{Known: plan.Tasks[i]}
		before := p.tasks[k.ID]
		if before != nil && before.Attempt == k.Attempt && !k.Over() {
			k.State, k.Ended = before.State, before.Ended // which were told meanwhile
			plan.Tasks[i].State, plan.Tasks[i].Ended = k.State, k.Ended
		}
		if before == nil || before.Attempt != k.Attempt {
			p.log.Debug("task", "node", k.Name, "image", k.Image, "digest", k.Digest, "attempt", k.Attempt, "id", k.ID, "phase", string(k.State.Phase))
		}
		if before != nil && before.Attempt == k.Attempt && !before.Over() && k.Over() {
			p.over(k) // its time was over
		}
		tasks[k.ID] = k
	}
	p.tasks, p.plan, p.seen = tasks, plan, seen
	p.answers = answersOf(plan, w)
	p.ask(w)
	p.tell(plan)
	p.counts.standing(plan, tasks)
	return true
}

// ask has those nodes send a work message that there is something to say to, or
// that were not heard for long, mu being held.
func (p *Placer) ask(w *placement.World) {
	now := time.Now()
	for i := range w.Nodes {
		n := p.Roster.At(w.Nodes[i].Ordinal)
		if n == nil {
			continue
		}
		id := n.Identity()
		t := p.told[id.Name]
		switch {
		case t == nil, t.epoch != id.Epoch, t.answered != p.answers[id.Name].sum, now.Sub(t.at) > refresh:
			p.quiet.set(n.Ordinal(), false)
		case !samePins(t.pins, p.answers[id.Name].pins) && now.Sub(t.at) > 2*period:
			p.quiet.set(n.Ordinal(), false) // it was told, and should have done so by now
		}
	}
	for name := range p.told {
		if p.Roster.ByName(name) == nil {
			delete(p.told, name)
		}
	}
	for name := range p.since {
		if p.Roster.ByName(name) == nil {
			delete(p.since, name)
		}
	}
}

// over counts a task that has come to an end, and tells of it, mu being held.
func (p *Placer) over(k *known) {
	p.counts.ended(k.State.Phase)
	p.log.Info("task is over", "node", k.Name, "image", k.Image, "phase", string(k.State.Phase), "attempt", k.Attempt, "wanted", k.Wanted, "error", k.State.Error)
	p.spoken.task(p.Events, k)
}
