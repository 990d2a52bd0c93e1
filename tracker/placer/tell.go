package placer

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/placement"
)

// spoken is what was told of, so that each thing is told once, and not too many.
type spoken struct {
	tasks *rate.Limiter
	jobs  map[string]jobSpoken
	short map[[2]string]bool // by policy and image
}

type jobSpoken struct {
	at                            time.Time
	done, failed, running, offset int64
	over                          bool
}

func newSpoken() spoken {
	return spoken{tasks: rate.NewLimiter(20, 200), jobs: map[string]jobSpoken{}, short: map[[2]string]bool{}}
}

// task tells of a task's end. Of very many some are left out: their job's
// progress counts them.
func (s *spoken) task(log *events.Log, k *known) {
	if !s.tasks.Allow() {
		return
	}
	log.Add(events.Event{Work: &events.Work{
		Kind: "task", Name: k.ID, State: string(k.State.Phase), Node: k.Name, Image: k.Image, Wanted: k.Wanted,
		Size: k.State.Size, Offset: k.State.Offset, Reason: k.State.Error,
	}})
}

func (s *spoken) drain(log *events.Log, d *Drain) {
	log.Add(events.Event{Work: &events.Work{Kind: "drain", Name: d.Node, Node: d.Node, State: string(d.State), Reason: d.Reason()}})
}

// tell has people told what is new in a plan, mu being held.
func (p *Placer) tell(plan *placement.Plan) {
	for i := range plan.Images {
		p.spoken.image(p.Events, &plan.Images[i])
	}
	sizes := map[string][2]int64{} // by owner: offset and size
	for _, k := range p.tasks {
		for _, owner := range k.Wanted {
			sum := sizes[owner]
			sizes[owner] = [2]int64{sum[0] + k.State.Offset, sum[1] + k.State.Size}
		}
	}
	for i := range plan.Jobs {
		j := &plan.Jobs[i]
		p.spoken.job(p.Events, j, sizes["job/"+j.ID])
	}
}

// image tells when there are too few copies of an image, and when that is over.
// What is merely on its way is no news.
func (s *spoken) image(log *events.Log, i *placement.Status) {
	key, short := [2]string{i.Policy, i.Image}, i.Missing > 0
	if s.short[key] == short {
		return
	}
	w := &events.Work{Kind: "policy", Name: i.Policy, Image: i.Image, State: "short"}
	if len(i.Reasons) > 0 {
		w.Reason = i.Reasons[0].Text
	}
	if s.short[key] = short; !short {
		delete(s.short, key)
		w.State, w.Reason = "satisfied", ""
	}
	if s.tasks.Allow() {
		log.Add(events.Event{Work: w})
	}
}

// job tells of a job's progress, once a second at most, and of its end.
func (s *spoken) job(log *events.Log, j *placement.JobStatus, bytes [2]int64) {
	was, known := s.jobs[j.ID]
	now := jobSpoken{at: time.Now(), done: int64(j.Done), failed: int64(j.Failed), running: int64(j.Running), offset: bytes[0], over: j.Over}
	same := now
	same.at = was.at
	if (known && was == same) || (!j.Over && now.at.Sub(was.at) < time.Second) || was.over {
		return
	}
	s.jobs[j.ID] = now
	w := &events.Work{
		Kind: "job", Name: j.ID, State: string(trackerapi.TaskPulling), Offset: bytes[0], Size: bytes[1],
		Done: j.Done, Failed: j.Failed, Running: j.Running, Waiting: j.Waiting,
	}
	if j.Over {
		w.State = "over"
	}
	log.Add(events.Event{Work: w})
}
