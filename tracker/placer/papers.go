package placer

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placement"
)

// Job is a job with what came of it.
type Job struct {
	placement.Job
	// Result is what came of it, once it is over; of its nodes it has those
	// where it failed, and no more than maxResults.
	Result *placement.JobStatus `json:"result,omitempty"`
	// Finished is when; zero while it goes on.
	Finished time.Time `json:"finished,omitzero"`
}

const (
	maxPolicies = 1000
	maxJobs     = 1000 // that are kept, over ones among them
	maxResults  = 500
	keepJobs    = 7 * 24 * time.Hour // once they are over
)

// wanted is what the papers of the three kinds say. The maps are replaced, never
// changed.
type wanted struct {
	latest   map[journal.Kind]int64
	papers   map[journal.Kind]map[string]journal.Paper // as they were read
	policies map[string]placement.Policy
	jobs     map[string]Job
	drains   map[string]Drain
}

func newWanted() wanted {
	return wanted{latest: map[journal.Kind]int64{}, papers: map[journal.Kind]map[string]journal.Paper{}}
}

var wantedKinds = []journal.Kind{journal.Policies, journal.Jobs, journal.Drains}

// read takes in what has changed.
func (p *Placer) read(ctx context.Context) error {
	for _, kind := range wantedKinds {
		latest, err := p.Desk.Latest(ctx, kind)
		if err != nil {
			return err
		}
		p.mu.Lock()
		known := p.wanted.latest[kind]
		p.mu.Unlock()
		if latest < known {
			if err := p.restore(ctx, kind); err != nil {
				return err
			}
		}
		if latest != known {
			if err := p.readKind(ctx, kind); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Placer) readKind(ctx context.Context, kind journal.Kind) error {
	all, latest, err := p.Desk.Papers(ctx, kind)
	if err != nil {
		return err
	}
	byName := map[string]journal.Paper{}
	for _, paper := range all {
		byName[paper.Name] = paper
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted.latest[kind] = latest
	p.wanted.papers[kind] = byName
	switch kind {
	case journal.Policies:
		p.wanted.policies = decode[placement.Policy](p, all)
	case journal.Jobs:
		p.wanted.jobs = decode[Job](p, all)
	case journal.Drains:
		p.wanted.drains = decode[Drain](p, all)
	}
	return nil
}

// decode leaves out what can't be understood: it may be a newer tracker's.
func decode[T any](p *Placer, all []journal.Paper) map[string]T {
	found := map[string]T{}
	for _, paper := range all {
		var v T
		if err := json.Unmarshal(paper.Text, &v); err != nil {
			p.log.Warn("paper can't be read", "kind", string(paper.Kind), "name", paper.Name, "error", err)
			continue
		}
		found[paper.Name] = v
	}
	return found
}

// restore is for a memory that has lost something: it is given again what this
// tracker knows and it does not, or knows an older text of.
func (p *Placer) restore(ctx context.Context, kind journal.Kind) error {
	p.mu.Lock()
	mine := p.wanted.papers[kind]
	p.mu.Unlock()
	all, _, err := p.Desk.Papers(ctx, kind)
	if err != nil {
		return err
	}
	there := map[string]int64{}
	for _, paper := range all {
		there[paper.Name] = paper.Rev
	}
	given := 0
	for name, paper := range mine {
		if paper.Rev <= there[name] {
			continue
		}
		paper.Rev = there[name]
		switch _, err := p.Desk.Put(ctx, paper); {
		case err == nil:
			given++
		case !errors.Is(err, journal.ErrConflict): // another tracker was first
			return err
		}
	}
	p.log.Warn("the common memory has lost papers, and is given them again", "kind", string(kind), "given", given)
	return nil
}

// write changes one paper. change is told what there is, the zero value if there
// is nothing, and gives what there should be; nil takes it away.
func write[T any](ctx context.Context, p *Placer, kind journal.Kind, name string, change func(old T, there bool) (*T, error)) error {
	for range 5 {
		err := p.readKind(ctx, kind)
		if err == nil {
			err = writeOnce(ctx, p, kind, name, change)
		}
		switch {
		case errors.Is(err, journal.ErrConflict):
			continue
		case isRefusal(err):
			return err
		case err != nil:
			return trackerapi.Errorf(trackerapi.CodeUnavailable, "the common memory is away: %v", err)
		}
		p.nudge()
		return p.readKind(ctx, kind)
	}
	return trackerapi.Errorf(trackerapi.CodeUnavailable, "%s %q is being changed by others all the time", kind, name)
}

func writeOnce[T any](ctx context.Context, p *Placer, kind journal.Kind, name string, change func(old T, there bool) (*T, error)) error {
	p.mu.Lock()
	paper, there := p.wanted.papers[kind][name]
	p.mu.Unlock()
	var old T
	if there {
		if err := json.Unmarshal(paper.Text, &old); err != nil {
			return trackerapi.Errorf(trackerapi.CodeInvalid, "%s %q can't be read by this version", kind, name)
		}
	}
	next, err := change(old, there)
	if err != nil {
		return err
	}
	paper.Kind, paper.Name = kind, name
	if next == nil {
		return p.Desk.Drop(ctx, paper)
	}
	if paper.Text, err = json.Marshal(next); err != nil {
		return err
	}
	if err := paper.Check(); err != nil {
		return trackerapi.Errorf(trackerapi.CodeTooLarge, "%v", err)
	}
	_, err = p.Desk.Put(ctx, paper)
	return err
}

// policies are all that count, by name: a file's before others.
func (p *Placer) policies() []placement.Policy {
	all := maps.Clone(p.wanted.policies)
	if all == nil {
		all = map[string]placement.Policy{}
	}
	for _, policy := range p.file.policies {
		all[policy.Name] = policy
	}
	names := slices.Sorted(maps.Keys(all))
	list := make([]placement.Policy, len(names))
	for i, name := range names {
		list[i] = all[name]
	}
	return list
}

func jobNames(all map[string]Job) []string { return slices.Sorted(maps.Keys(all)) }
