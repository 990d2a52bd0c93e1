package placement

import (
	"cmp"
	"slices"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// work is one job in a plan.
type work struct {
	*Job
	status   JobStatus
	underway int
	nodes    []int
	digests  map[string]digest.Digest // that the images stand for, if that is known
	holders  map[string]map[int]bool  // of these
}

// job plans one job: what has come of it on each node, and what is next.
func (p *planner) job(j *Job) JobStatus {
	t := &work{Job: j, status: JobStatus{ID: j.ID, Nodes: []JobNode{}}}
	t.nodes = p.meantBy(j)
	t.look(p)
	var undone []spot
	for _, image := range j.Images {
		for _, node := range t.nodes { // what is under way counts before anything begins
			if !p.found(t, spot{node, image}) {
				undone = append(undone, spot{node, image})
			}
		}
	}
	for _, here := range undone {
		p.proceed(t, here)
	}
	s := &t.status
	slices.SortFunc(s.Nodes, func(a, b JobNode) int { return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Image, b.Image)) })
	s.Over = j.over(p.now) || !j.Standing && s.Waiting+s.Running == 0
	p.soon(j.end())
	return *s
}

// look finds out once what is asked for each node.
func (t *work) look(p *planner) {
	t.digests, t.holders = map[string]digest.Digest{}, map[string]map[int]bool{}
	for _, image := range t.Images {
		d := p.resolved(t.Job, image)
		if d == "" {
			continue
		}
		t.digests[image], t.holders[image] = d, map[int]bool{}
		for _, node := range p.holders(image, d) {
			t.holders[image][node] = true
		}
	}
}

// meantBy are a job's nodes, by name. Those that have left before it came to
// them are not meant.
func (p *planner) meantBy(j *Job) (all []int) {
	tasks := p.byOwner[j.Owner()]
	told := map[int]bool{}
	for here := range tasks {
		told[here.node] = true
	}
	for i := range p.seats {
		n := &p.seats[i]
		late := !j.Standing && n.Joined.After(j.Created)
		if told[i] || j.Select.Matches(n.Node) && !late {
			all = append(all, i)
		}
	}
	return all
}

// resolved is the digest that the image of a job stands for: that in its name, or
// what the node that was told first has found.
func (p *planner) resolved(j *Job, image string) digest.Digest {
	if d := fixed(image); d != "" {
		return d
	}
	var first *Known
	for here, k := range p.byOwner[j.Owner()] {
		if here.image != image || k.meant() == "" {
			continue
		}
		if first == nil || cmp.Or(k.Given.Compare(first.Given), cmp.Compare(k.ID, first.ID)) < 0 {
			first = k
		}
	}
	if first == nil {
		return ""
	}
	return first.meant()
}

// found writes down what needs nothing more to be done, or is under way.
func (p *planner) found(t *work, here spot) bool {
	k := p.byOwner[t.Owner()][here]
	d := t.digests[here.image]
	switch {
	case p.arrived(t, here, k, d):
		if k != nil && k.Over() {
			p.use(k, t.Owner(), t.Pin)
		}
		p.pinFor(t, here, cmp.Or(d, taskDigest(k)))
		t.add(p, here, k, trackerapi.TaskDone, "")
	case k != nil && !k.Over() && !t.over(p.now) && p.seats[here.node].State != Away:
		p.follow(t, here, k)
	case t.over(p.now):
		p.giveUp(t, here, k)
	default:
		return false
	}
	return true
}

func taskDigest(k *Known) digest.Digest {
	if k == nil {
		return ""
	}
	return k.meant()
}

// arrived says whether the node has it. What was done stays done, even if it
// has vanished since, but for a standing job.
func (p *planner) arrived(t *work, here spot, k *Known, d digest.Digest) bool {
	if k != nil && k.State.Phase == trackerapi.TaskDone {
		return !t.Standing || p.at[here] == k || t.holders[here.image][here.node]
	}
	return d != "" && (k == nil || k.Over()) && t.holders[here.image][here.node]
}

func (p *planner) pinFor(t *work, here spot, d digest.Digest) {
	if t.Pin && !t.Cancelled && d != "" {
		p.hold(here.node, here.image, d, t.Owner())
	}
}

// follow goes on with a task. That of a node that is away is withdrawn, so that it
// takes no other's turn, and begins anew when the node is back.
func (p *planner) follow(t *work, here spot, k *Known) {
	t.underway++
	p.use(k, t.Owner(), t.Pin)
	p.pinFor(t, here, k.meant())
	t.add(p, here, k, cmp.Or(k.State.Phase, trackerapi.TaskWaiting), k.State.Error)
}

// giveUp is for what is not done when the job is over. The task is in the plan no
// more, and so withdrawn.
func (p *planner) giveUp(t *work, here spot, k *Known) {
	if k != nil && k.Over() {
		p.use(k, t.Owner(), t.Pin)
		t.add(p, here, k, k.State.Phase, k.State.Error)
		return
	}
	if t.Cancelled {
		t.add(p, here, k, trackerapi.TaskCancelled, "")
		return
	}
	t.add(p, here, k, trackerapi.TaskFailed, "not done by the job's deadline")
}

func (t *work) add(p *planner, here spot, k *Known, phase trackerapi.Phase, reason string) {
	one := JobNode{Node: p.seats[here.node].Name, Image: here.image, Phase: phase, Reason: reason}
	if k != nil {
		one.Task, one.Attempt = k.ID, k.Attempt
	}
	s := &t.status
	s.Nodes = append(s.Nodes, one)
	switch {
	case phase == trackerapi.TaskDone:
		s.Done++
	case phase == trackerapi.TaskCancelled:
		s.Cancelled++
	case phase == trackerapi.TaskFailed:
		s.Failed++
	case k != nil && !k.Over():
		s.Running++
	default:
		s.Waiting++
	}
}
