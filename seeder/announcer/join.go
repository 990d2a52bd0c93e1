package announcer

import (
	"context"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// joinTries bounds how often a join starts over because the tracker that it was
// waiting at has gone.
const joinTries = 3

// Join asks the digest's own tracker for a place in its swarm, or for the leave
// to go to the origin; the next tracker is asked, too, when that one does not
// answer. The sender is filled in. WaitMS is the longest wait in all: the first
// question asks for an answer at once, and only a tracker that has just said that
// somebody is on it is asked to answer later. An answer with neither holders nor a
// flag says that the wait was in vain.
//
// A first question that nobody has answered within LookupTimeout has failed, and a
// tracker that is down costs no more than that. But a late answer is better than
// none where the origin is what remains: it is waited for up to silence, counted
// from the start and as a part of WaitMS, as long as a tracker that was asked passes
// heartbeats. In all it takes WaitMS and LookupTimeout at the most.
func (a *Announcer) Join(ctx context.Context, m trackerapi.JoinRequest, silence time.Duration) (trackerapi.JoinResponse, error) {
	m.Sender = trackerapi.Sender{Node: a.cfg.Node.Name, Epoch: a.cfg.Node.Epoch}
	began, wait := time.Now(), time.Duration(m.WaitMS)*time.Millisecond
	end, silent := began.Add(wait), began.Add(min(silence, wait))
	if m.Hurry = m.Hurry || m.WaitMS <= 0; m.Hurry {
		silent = began
	}
	for try := 1; ; try++ {
		m.WaitMS = 0
		resp, t, err := a.joinNow(ctx, m, time.Until(silent))
		m.WaitMS = time.Until(end).Milliseconds()
		if err != nil || settled(resp) || m.Hurry || m.WaitMS <= 0 || try == joinTries {
			return resp, err
		}
		if resp, err = a.joinAt(ctx, t, m); err == nil || ctx.Err() != nil {
			return resp, err
		}
		a.log.Debug("join: the tracker went while it was waited for", "tracker", t.base, "error", err)
	}
}

func settled(r trackerapi.JoinResponse) bool { return len(r.Handout) > 0 || r.Lease || r.Free }

// joinAt waits at one tracker, and asks it to answer a little earlier than it has
// to: what it says then must not be lost because this machine is busy. That it
// answers late tells nothing about lookups, so its breaker hears nothing of it.
func (a *Announcer) joinAt(ctx context.Context, t *tracker, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
	wait := time.Duration(m.WaitMS)*time.Millisecond + a.cfg.LookupTimeout
	m.WaitMS -= m.WaitMS / 10
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return join(ctx, t, m)
}

func join(ctx context.Context, t *tracker, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
	r, err := t.client.Join(ctx, m)
	if err == nil {
		err = checkHandouts([]trackerapi.Handout{r.Handout})
	}
	if err != nil {
		return trackerapi.JoinResponse{}, err
	}
	t.mute.Store(0)
	return r, nil
}
