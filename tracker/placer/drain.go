package placer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placement"
	"github.com/drayproject/dray/tracker/roster"
)

// DrainState is how far a drain is.
type DrainState string

// The states of a drain. The last two are the end of it.
const (
	DrainSaving  DrainState = "saving"  // what only the node has is being copied
	DrainBlocked DrainState = "blocked" // the deadline has passed, or no node can take it: somebody has to decide
	DrainLeft    DrainState = "left"    // the node is drained
	DrainDead    DrainState = "dead"    // the node died before
)

// Over says whether it is an end.
func (s DrainState) Over() bool { return s == DrainLeft || s == DrainDead }

// Drain is a node that is to leave once its content is elsewhere.
type Drain struct {
	Node    string     `json:"node"`
	State   DrainState `json:"state"`
	Created time.Time  `json:"created"`
	// Deadline is when it is blocked if something is left; zero: never.
	Deadline time.Time `json:"deadline,omitzero"`
	// Force has it leave with what is left.
	Force bool `json:"force,omitempty"`
	// Left is what was not elsewhere when that was last written down, and
	// Images how many there were at first.
	Left   []placement.Leftover `json:"left,omitempty"`
	Images int                  `json:"images"`
	// Over is when it came to its end.
	Over time.Time `json:"over,omitzero"`
}

const (
	maxLeft    = 200 // leftovers that are written down
	keepDrains = 24 * time.Hour
)

func (d *Drain) saves() bool { return !d.State.Over() }

// lost counts the images of which no other live node has a copy, and the bytes
// of them that are known.
func (d *Drain) lost() (images int, bytes int64) {
	for _, l := range d.Left {
		if l.Live == 0 {
			images++
			bytes += l.Bytes
		}
	}
	return images, bytes
}

// Reason says what a blocked drain waits for.
func (d *Drain) Reason() string {
	if d.State != DrainBlocked {
		return ""
	}
	images, bytes := d.lost()
	why := "the deadline has passed"
	if stuck(d.Left) {
		why = "no node can take what is left"
	}
	return fmt.Sprintf("%s: %d images would be lost (%d bytes known), %d more would have too few copies; force it, or give it more time",
		why, images, bytes, len(d.Left)-images)
}

// Save drains a node once its content is elsewhere. Said again it changes the
// deadline, or forces.
func (p *Placer) Save(ctx context.Context, node string, deadline time.Duration, force bool) (Drain, error) {
	var now Drain
	err := write(ctx, p, journal.Drains, node, func(old Drain, there bool) (*Drain, error) {
		if !there || old.State.Over() {
			old = Drain{Node: node, State: DrainSaving, Created: time.Now().UTC().Truncate(time.Second)}
		}
		old.Force = force
		old.State = DrainSaving
		if old.Deadline = (time.Time{}); deadline > 0 {
			old.Deadline = time.Now().UTC().Add(deadline).Truncate(time.Millisecond)
		}
		now = old
		return &old, nil
	})
	if err == nil {
		p.log.Info("drain begins: content is saved first", "node", node, "deadline", deadline, "force", force)
	}
	return now, err
}

// StopSaving forgets about the drain of a node.
func (p *Placer) StopSaving(ctx context.Context, node string) error {
	if _, there := p.DrainOf(node); !there {
		return nil
	}
	return write(ctx, p, journal.Drains, node, func(Drain, bool) (*Drain, error) { return nil, nil })
}

// DrainOf is how it stands with the drain of a node.
func (p *Placer) DrainOf(node string) (Drain, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, there := p.wanted.drains[node]
	if s := p.leftNow(node); there && s != nil && d.saves() {
		d.Left = s.Left
	}
	return d, there
}

// leftNow is what the latest plan says, mu being held.
func (p *Placer) leftNow(node string) *placement.DrainStatus {
	if p.plan == nil {
		return nil
	}
	if i := slices.IndexFunc(p.plan.Drains, func(s placement.DrainStatus) bool { return s.Node == node }); i >= 0 {
		return &p.plan.Drains[i]
	}
	return nil
}

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

// Drains are all, by node.
func (p *Placer) Drains() (all []Drain) {
	p.mu.Lock()
	names := slices.Sorted(maps.Keys(p.wanted.drains))
	p.mu.Unlock()
	for _, name := range names {
		if d, there := p.DrainOf(name); there {
			all = append(all, d)
		}
	}
	return all
}
