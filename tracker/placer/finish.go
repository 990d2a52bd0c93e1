package placer

import (
	"context"
	"errors"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placement"
)

// keep writes down what has to outlive this tracker.
func (p *Placer) keep(ctx context.Context, plan *placement.Plan, drains map[string]Drain) error {
	if err := p.drain(ctx, plan, drains); err != nil {
		return err
	}
	if err := p.finish(ctx, plan); err != nil {
		return err
	}
	if err := p.remember(ctx); err != nil {
		return err
	}
	if p.Shared {
		if err := p.parts.save(ctx, p.Desk, p.imagesHeld); err != nil {
			return err
		}
	}
	return p.show(ctx, plan)
}

// imagesHeld are the digests of all images that some node has.
func (p *Placer) imagesHeld() map[digest.Digest]bool { return p.content.now().digests() }

// finish writes down the jobs that are over, and forgets old ones.
func (p *Placer) finish(ctx context.Context, plan *placement.Plan) error {
	p.mu.Lock()
	jobs := p.wanted.jobs
	p.mu.Unlock()
	for i := range plan.Jobs {
		s := &plan.Jobs[i]
		if j, there := jobs[s.ID]; !there || !s.Over || !j.Finished.IsZero() || j.Standing && !j.Cancelled {
			continue
		}
		if err := p.finishJob(ctx, s); err != nil {
			return err
		}
	}
	for id, j := range jobs {
		if !j.Finished.IsZero() && !j.Pin && time.Since(j.Finished) > keepJobs {
			if err := p.DropJob(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// finishJob puts what came of a job into its paper.
func (p *Placer) finishJob(ctx context.Context, s *placement.JobStatus) error {
	result := *s
	result.Nodes = failures(s.Nodes)
	err := write(ctx, p, journal.Jobs, s.ID, func(j Job, there bool) (*Job, error) {
		if !there {
			return nil, unknown("job", s.ID)
		}
		j.Result, j.Finished = &result, time.Now().UTC().Truncate(time.Millisecond)
		return &j, nil
	})
	if _, gone := errors.AsType[*NotThere](err); gone {
		return nil
	}
	if err == nil {
		p.log.Info("job is over", "job", s.ID, "done", s.Done, "failed", s.Failed)
	}
	return err
}

func failures(nodes []placement.JobNode) (failed []placement.JobNode) {
	for _, n := range nodes {
		if n.Phase == trackerapi.TaskFailed && len(failed) < maxResults {
			failed = append(failed, n)
		}
	}
	return failed
}
