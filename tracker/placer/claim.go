package placer

import (
	"context"
	"time"
)

const (
	hold    = 3 * time.Second // of the claim
	renewal = time.Second
	// margin is how long before its end a claim is no longer trusted: the
	// time that a message takes, and clocks that differ in speed.
	margin = 500 * time.Millisecond
)

// claims holds the claim if it can, until ctx ends.
func (p *Placer) claims(ctx context.Context) {
	for {
		p.claim(ctx)
		if !pause(ctx, renewal) {
			break
		}
	}
	p.relinquish()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), margin)
	defer cancel()
	_ = p.Desk.Resign(last) // it runs out by itself
}

// claim renews the claim, or tries to get it. How long it lasts is counted from
// before the question, by the clock of this process alone: one that was frozen
// sees that its time is over before it does anything else.
//
// A memory that was flushed has forgotten who acts, and gives the claim to the next
// one who asks. So nobody begins before what he last heard another to hold is over.
func (p *Placer) claim(ctx context.Context) {
	asked := time.Now()
	c, err := p.Desk.Claim(ctx, hold)
	p.reach(err)
	if err != nil {
		return // what it holds, it holds until its time is over
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holder = c.Holder
	switch {
	case c.Holder != p.ID:
		p.others = time.Now()
		p.dismiss()
	case p.term != c.Term && asked.Before(p.others.Add(hold)):
	case p.term != c.Term || !asked.Before(p.until):
		p.begin(c.Term, asked)
		fallthrough
	default:
		p.until = asked.Add(hold - margin)
	}
}

// begin is for a tracker that acts from now on, mu being held. It knows nothing
// of the nodes.
func (p *Placer) begin(term int64, now time.Time) {
	p.term, p.began, p.recalled = term, now, false
	p.told, p.tasks, p.plan = map[string]*told{}, map[string]*known{}, nil
	p.answers = nil
	p.quiet.reset()
	if p.Shared {
		p.log.Info("placement acts", "term", term)
	}
}

// dismiss is for one that does not act any more, mu being held.
func (p *Placer) dismiss() {
	if p.until.IsZero() {
		return
	}
	p.log.Info("placement is another tracker's", "id", p.holder)
	p.until, p.term, p.plan = time.Time{}, 0, nil
}

func (p *Placer) relinquish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until, p.term, p.plan = time.Time{}, 0, nil
}

// acts says whether this tracker may act now, mu being held.
func (p *Placer) acts() bool { return time.Now().Before(p.until) }

// reach notes whether the memory could be reached, and tells each change once.
func (p *Placer) reach(err error) {
	if away := err != nil; p.away.Swap(away) != away {
		if away {
			p.log.Warn("placement rests: the common memory is away", "error", err)
		} else {
			p.log.Info("placement has its memory again")
		}
	}
}

// pause says whether ctx has lasted.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
