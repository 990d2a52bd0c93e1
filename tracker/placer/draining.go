package placer

import (
	"context"
	"slices"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placement"
	"github.com/drayproject/dray/tracker/roster"
)

// drain brings the drains on by a plan.
func (p *Placer) drain(ctx context.Context, plan *placement.Plan, drains map[string]Drain) error {
	for name, d := range drains {
		next, forget := p.next(d, plan)
		switch {
		case forget:
			if err := p.StopSaving(ctx, name); err != nil {
				return err
			}
		case next.State != d.State, next.Images != d.Images, len(next.Left) != len(d.Left):
			if err := p.advance(ctx, d, next); err != nil {
				return err
			}
		}
	}
	return nil
}

// next is what becomes of a drain, and whether it can be forgotten.
func (p *Placer) next(d Drain, plan *placement.Plan) (next Drain, forget bool) {
	next = d
	n := p.Roster.ByName(d.Node)
	if !d.saves() {
		return d, time.Since(d.Over) > keepDrains || n == nil
	}
	i := slices.IndexFunc(plan.Drains, func(s placement.DrainStatus) bool { return s.Node == d.Node })
	switch {
	case n == nil, n.State() == roster.Dead, n.State() == roster.Gone:
		next.State = DrainDead
	case n.State() == roster.Draining:
		next.State = DrainLeft // it was told otherwise, or has gone by itself
	case d.Force:
		next.State = DrainLeft
	case i < 0: // the plan is from before the drain
	case len(plan.Drains[i].Left) == 0:
		next.State, next.Left = DrainLeft, nil
	case !d.Deadline.IsZero() && !time.Now().Before(d.Deadline), stuck(plan.Drains[i].Left):
		next.State = DrainBlocked
	default:
		next.State = DrainSaving
	}
	if i >= 0 {
		left := plan.Drains[i].Left
		next.Left, next.Images = left[:min(len(left), maxLeft)], max(d.Images, len(left))
	}
	if next.State.Over() {
		next.Over = time.Now().UTC().Truncate(time.Second)
	}
	return next, false
}

// stuck: waiting will not help.
func stuck(left []placement.Leftover) bool {
	return !slices.ContainsFunc(left, func(l placement.Leftover) bool { return !l.Stuck })
}

// advance drains the node, if it is time, and writes down how far it is. That
// somebody has changed the paper meanwhile is seen with the next plan.
func (p *Placer) advance(ctx context.Context, was, next Drain) error {
	p.mu.Lock()
	acts := p.acts()
	p.mu.Unlock()
	if !acts {
		return nil
	}
	err := write(ctx, p, journal.Drains, was.Node, func(there Drain, is bool) (*Drain, error) {
		if !is || !there.Deadline.Equal(was.Deadline) || there.Force != was.Force || there.State != was.State {
			return nil, &Conflict{"the drain was changed meanwhile"}
		}
		return &next, nil
	})
	if isRefusal(err) && Status(err) < 500 {
		return nil
	}
	if err != nil {
		return err
	}
	if next.State == was.State {
		return nil
	}
	if next.State == DrainLeft {
		if _, err := p.Roster.Drain(was.Node); err != nil && trackerapi.AsError(err).Code != trackerapi.CodeUnknownNode {
			return err
		}
	}
	p.log.Info("drain", "node", was.Node, "state", string(next.State), "left", len(next.Left))
	p.spoken.drain(p.Events, &next)
	return nil
}
