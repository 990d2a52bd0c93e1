package placer

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placement"
)

// What people want. Every tracker can be told; the one that acts learns it from
// the common memory.

// PutPolicy makes a policy, or puts it in place of the one of that name.
func (p *Placer) PutPolicy(ctx context.Context, policy placement.Policy) error {
	if err := policy.Validate(); err != nil {
		return err
	}
	if policy.PullSecret != "" {
		if err := CheckSecret(policy.PullSecret); err != nil {
			return &placement.FieldError{Field: "pull_secret", Reason: err.Error()}
		}
	}
	if p.owned(policy.Name) {
		return &Conflict{fmt.Sprintf("policy %q comes from a file, and is changed there", policy.Name)}
	}
	err := write(ctx, p, journal.Policies, policy.Name, func(_ placement.Policy, there bool) (*placement.Policy, error) {
		if !there && len(p.Policies()) >= maxPolicies {
			return nil, &Conflict{fmt.Sprintf("there are %d policies already", maxPolicies)}
		}
		return &policy, nil
	})
	if err == nil {
		p.log.Info("policy is set", "policy", policy.Name)
	}
	return err
}

// DropPolicy ends a policy. What it kept is released, and stays on its nodes
// until their garbage collection wants the room.
func (p *Placer) DropPolicy(ctx context.Context, name string) error {
	if p.owned(name) {
		return &Conflict{fmt.Sprintf("policy %q comes from a file, and is changed there", name)}
	}
	err := write(ctx, p, journal.Policies, name, func(_ placement.Policy, there bool) (*placement.Policy, error) {
		if !there {
			return nil, unknown("policy", name)
		}
		return nil, nil
	})
	if err == nil {
		p.log.Info("policy is gone", "policy", name)
	}
	return err
}

func (p *Placer) owned(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.file.has(name)
}

// PutJob begins a job. Without an ID it is given one.
func (p *Placer) PutJob(ctx context.Context, job placement.Job) (Job, error) {
	job.Created, job.Cancelled = time.Now().UTC().Truncate(time.Millisecond), false
	if job.ID == "" {
		var id [4]byte
		_, _ = rand.Read(id[:]) // it never fails
		job.ID = "job-" + hex.EncodeToString(id[:])
	}
	if err := job.Validate(); err != nil {
		return Job{}, err
	}
	if job.PullSecret != "" {
		if err := CheckSecret(job.PullSecret); err != nil {
			return Job{}, &placement.FieldError{Field: "pull_secret", Reason: err.Error()}
		}
	}
	made := Job{Job: job}
	err := write(ctx, p, journal.Jobs, job.ID, func(_ Job, there bool) (*Job, error) {
		switch {
		case there:
			return nil, &Conflict{fmt.Sprintf("there is a job %q already", job.ID)}
		case len(p.Jobs()) >= maxJobs:
			return nil, &Conflict{fmt.Sprintf("there are %d jobs already: delete some that are over", maxJobs)}
		}
		return &made, nil
	})
	if err == nil {
		p.log.Info("job begins", "job", job.ID, "images", len(job.Images))
	}
	return made, err
}

// CancelJob gives up what is under way of a job, and begins nothing more. What
// is there stays; it is not pinned any more.
func (p *Placer) CancelJob(ctx context.Context, id string) (Job, error) {
	var now Job
	err := write(ctx, p, journal.Jobs, id, func(old Job, there bool) (*Job, error) {
		if !there {
			return nil, unknown("job", id)
		}
		old.Cancelled = true
		now = old
		return &old, nil
	})
	if err == nil {
		p.log.Info("job is cancelled", "job", id)
	}
	return now, err
}

// DropJob cancels a job and forgets it.
func (p *Placer) DropJob(ctx context.Context, id string) error {
	err := write(ctx, p, journal.Jobs, id, func(_ Job, there bool) (*Job, error) {
		if !there {
			return nil, unknown("job", id)
		}
		return nil, nil
	})
	if err == nil {
		p.log.Info("job is gone", "job", id)
	}
	return err
}
