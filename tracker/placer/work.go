package placer

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/placement"
	"github.com/drayproject/dray/tracker/roster"
)

const (
	busyAgain = 500 * time.Millisecond // between two messages of a node with tasks
	refresh   = time.Minute            // and of any other
)

// answer is what a node is to do and to keep.
type answer struct {
	tasks []placement.Task
	pins  []trackerapi.Pin
	sum   uint64 // tells it from others; never 0
}

// Wants says whether the node should send a work message now.
func (p *Placer) Wants(ordinal uint32) bool { return p.quiet.busy.Load() && !p.quiet.has(ordinal) }

// Work takes in what a node does and keeps, and says what it is to do and to
// keep. A tracker that does not act refuses: the node goes on with what it has
// until another one asks.
func (p *Placer) Work(n *roster.Node, m *trackerapi.WorkRequest) (resp trackerapi.WorkResponse, err error) {
	p.parts.add(m.Described)
	p.mu.Lock()
	if !p.acts() {
		p.mu.Unlock()
		return resp, trackerapi.Errorf(trackerapi.CodeUnavailable, "another tracker places content now")
	}
	t, news := p.hear(m)
	a, planned := p.answers[m.Node]
	if planned = planned && t.first.Before(p.seen); planned {
		t.answered = a.sum
	}
	p.mu.Unlock()
	if planned {
		resp = p.respond(a)
	} else {
		resp.Tasks = echo(m.Tasks)
	}
	if news {
		p.nudge()
	}
	resp.Describe = p.parts.missing(p.Index.ImagesOf(n.Ordinal()))
	if len(resp.Describe) > 0 {
		resp.AgainMS = busyAgain.Milliseconds()
	}
	p.quiet.set(n.Ordinal(), true)
	return resp, nil
}

// hear notes what a node says, mu being held, and whether it is worth a new plan.
func (p *Placer) hear(m *trackerapi.WorkRequest) (t *told, news bool) {
	t = p.told[m.Node]
	if t == nil || t.epoch != m.Epoch {
		t, news = &told{epoch: m.Epoch, first: time.Now()}, true
		p.told[m.Node] = t
	}
	news = news || !samePins(t.pins, m.Pins)
	t.at, t.pins, t.room, t.states = time.Now(), m.Pins, m.Room, m.Tasks
	for _, s := range m.Tasks {
		if k := p.tasks[s.ID]; k != nil && p.progress(k, s) {
			news = true
		}
	}
	return t, news
}

// progress notes how far a task is, and says whether its phase has changed.
func (p *Placer) progress(k *known, s trackerapi.TaskState) (news bool) {
	if s.Attempt != k.Attempt || k.Over() {
		return false
	}
	news = s.Phase != k.State.Phase || (s.Digest != "" && s.Digest != k.State.Digest)
	p.counts.moved(s.Offset - k.State.Offset)
	k.State = s
	if s.Phase.Over() {
		k.Ended = time.Now().UTC()
		p.over(k)
	}
	return news
}

func samePins(a, b []trackerapi.Pin) bool {
	return slices.EqualFunc(a, b, func(a, b trackerapi.Pin) bool {
		return a.Image == b.Image && a.Digest == b.Digest && slices.Equal(a.Owners, b.Owners)
	})
}

// echo has a node go on with what it does, until a plan has been made that knows
// of it.
func echo(states []trackerapi.TaskState) (tasks []trackerapi.Task) {
	for _, s := range states {
		tasks = append(tasks, trackerapi.Task{ID: s.ID, Attempt: s.Attempt})
	}
	return tasks
}

// respond makes a message of an answer. Credentials are read here, and go into it
// alone; a task whose credentials are missing has failed.
func (p *Placer) respond(a answer) trackerapi.WorkResponse {
	resp := trackerapi.WorkResponse{Settled: true, Pins: a.pins}
	for _, t := range a.tasks {
		task := trackerapi.Task{
			ID: t.ID, Attempt: t.Attempt, Image: t.Image, Digest: t.Digest, Platforms: t.Platforms,
			Owners: t.Owners, Unpack: t.Unpack, Rate: t.Rate,
		}
		if !t.Deadline.IsZero() {
			task.LeftMS = max(1, time.Until(t.Deadline).Milliseconds())
		}
		if t.PullSecret != "" {
			auth, err := p.Secrets.Auth(t.PullSecret, t.Image)
			if err != nil {
				p.fail(t, err.Error())
				continue
			}
			task.Auth = auth
		}
		resp.Tasks = append(resp.Tasks, task)
	}
	if len(resp.Tasks) > 0 {
		resp.AgainMS = busyAgain.Milliseconds()
	}
	return resp
}

// fail ends a task that was not even handed out.
func (p *Placer) fail(t placement.Task, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.tasks[t.ID]
	if k == nil || k.Attempt != t.Attempt || k.Over() {
		return
	}
	k.State = trackerapi.TaskState{ID: t.ID, Attempt: t.Attempt, Phase: trackerapi.TaskFailed, Error: reason}
	k.Ended = time.Now().UTC()
	p.over(k)
	p.nudge()
}

// answersOf divides a plan up among the nodes.
func answersOf(plan *placement.Plan, w *placement.World) map[string]answer {
	tasks := map[uint32][]placement.Task{}
	for i := range plan.Tasks {
		if k := &plan.Tasks[i]; !k.Over() {
			tasks[k.Node] = append(tasks[k.Node], k.Task)
		}
	}
	all := make(map[string]answer, len(w.Nodes))
	for i := range w.Nodes {
		n := &w.Nodes[i]
		a := answer{tasks: tasks[n.Ordinal], pins: plan.Pins[n.Ordinal]}
		a.sum = a.fingerprint()
		all[n.Name] = a
	}
	return all
}

func (a *answer) fingerprint() uint64 {
	h := xxhash.New()
	word := func(s string) {
		_, _ = h.WriteString(s) // it never fails
		_, _ = h.Write([]byte{0})
	}
	for _, t := range a.tasks {
		word(t.ID)
		_, _ = h.Write(binary.AppendVarint(nil, int64(t.Attempt)))
		for _, o := range t.Owners {
			word(o)
		}
	}
	word("pins")
	for _, pin := range a.pins {
		word(pin.Image)
		word(string(pin.Digest))
		for _, o := range pin.Owners {
			word(o)
		}
	}
	return max(1, h.Sum64())
}
