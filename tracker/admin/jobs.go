package admin

import (
	"context"
	"slices"

	"github.com/drayproject/dray/tracker/placement"
	"github.com/drayproject/dray/tracker/placer"
)

// JobQuery names a job.
type JobQuery struct {
	ID string `path:"id" maxLength:"63" doc:"The job's ID"`
}

func (a *Admin) jobs(context.Context, *struct{}) (Jobs, error) {
	all := Jobs{Items: []JobItem{}}
	for _, s := range a.Placer.Jobs() {
		all.Items = append(all.Items, showJob(&s))
	}
	return all, nil
}

func (a *Admin) job(_ context.Context, q *JobQuery) (JobDetail, error) {
	s, err := a.Placer.JobOf(q.ID)
	if err != nil {
		return JobDetail{}, refused(err)
	}
	d := JobDetail{JobItem: showJob(&s), Images: a.jobImages(s.Images)}
	for i := range s.Tasks {
		d.Offset += s.Tasks[i].State.Offset
		d.Size += s.Tasks[i].State.Size
	}
	return d, nil
}

// jobImages says who has a job's images now: what is kept of a job that is over
// tells only where it failed.
func (a *Admin) jobImages(names []string) []JobImage {
	all, alive := make([]JobImage, len(names)), a.nodesThat(live)
	for i, name := range names {
		all[i].Image = name
		if versions := a.Index.CensusOf(name, alive, alive); len(versions) > 0 {
			all[i].Digest, all[i].Live = versions[0].Digest, versions[0].Now
		}
	}
	return all
}

func showJob(s *placer.JobState) JobItem {
	item := JobItem{Job: s.Job.Job, State: "new", Finished: someTime(s.Finished)}
	if s.Status != nil {
		item.State = "running"
		item.Done, item.Failed, item.Cancelled = s.Status.Done, s.Status.Failed, s.Status.Cancelled
		item.Running, item.Waiting = s.Status.Running, s.Status.Waiting
		if s.Standing && s.Status.Running+s.Status.Waiting == 0 {
			item.State = "standing"
		}
	}
	if !s.Finished.IsZero() {
		item.State = "over"
	}
	if s.Cancelled {
		item.State = "cancelled"
	}
	return item
}

type jobNodesQuery struct {
	JobQuery
	Phase []string `query:"phase,explode" enum:"waiting,pulling,done,failed,cancelled" doc:"In one of these phases"`
	Paging
}

func (a *Admin) jobNodes(_ context.Context, q *jobNodesQuery) (JobNodes, error) {
	s, err := a.Placer.JobOf(q.ID)
	if err != nil {
		return JobNodes{}, refused(err)
	}
	tasks := map[string]*placement.Known{}
	for i := range s.Tasks {
		tasks[s.Tasks[i].ID] = &s.Tasks[i]
	}
	var all []keyed[placement.JobNode]
	if s.Status != nil {
		for _, n := range s.Status.Nodes {
			if len(q.Phase) == 0 || slices.Contains(q.Phase, string(n.Phase)) {
				all = append(all, keyed[placement.JobNode]{n.Node + "\x00" + n.Image, n})
			}
		}
	}
	page, frame, err := cut(&q.Paging, "job-nodes", slices.Values(all))
	return JobNodes{shown(page, func(n placement.JobNode) JobNode { return showJobNode(n, tasks[n.Task]) }), frame}, err
}

func showJobNode(n placement.JobNode, k *placement.Known) JobNode {
	item := JobNode{Node: n.Node, Image: n.Image, Phase: string(n.Phase), Attempt: n.Attempt, Reason: n.Reason, Layers: []JobLayer{}}
	if k == nil {
		return item
	}
	item.Offset, item.Size = k.State.Offset, k.State.Size
	for _, l := range k.State.Layers {
		item.Layers = append(item.Layers, JobLayer(l))
	}
	return item
}

type newJob struct{ Body JobRequest }

func (a *Admin) postJob(ctx context.Context, q *newJob) (JobItem, error) {
	b := &q.Body
	made, err := a.Placer.PutJob(ctx, placement.Job{
		ID: b.ID, Images: b.Images, Select: b.Select, Budget: b.Budget, Deadline: b.Deadline, Retries: b.Retries,
		Platforms: b.Platforms, PullSecret: b.PullSecret, Unpack: b.Unpack, Pin: b.Pin, Standing: b.Standing,
	})
	if err != nil {
		return JobItem{}, refused(err)
	}
	return showJob(&placer.JobState{Job: made}), nil
}

func (a *Admin) cancelJob(ctx context.Context, q *JobQuery) (JobItem, error) {
	now, err := a.Placer.CancelJob(ctx, q.ID)
	if err != nil {
		return JobItem{}, refused(err)
	}
	return showJob(&placer.JobState{Job: now, Status: now.Result}), nil
}

func (a *Admin) deleteJob(ctx context.Context, q *JobQuery) (Named, error) {
	return Named{q.ID}, refused(a.Placer.DropJob(ctx, q.ID))
}
