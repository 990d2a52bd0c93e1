package placer

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placement"
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
