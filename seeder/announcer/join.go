package announcer

import (
	"context"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// joinTries bounds how often a join starts over because the tracker that it was
// waiting at has gone.
const joinTries = 3

// Join asks the digest's own tracker for a place in its swarm, or for the leave
// to go to the origin; the next tracker is asked when that one does not answer.
// The sender is filled in. WaitMS is the longest wait in all: the first question
// asks for an answer at once, so that a tracker that is down costs LookupTimeout
// and not the wait; only one that has just said that somebody is on it is asked
// to answer later. An answer with neither holders nor a flag says that the wait
// was in vain.
func (a *Announcer) Join(ctx context.Context, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
	m.Sender = trackerapi.Sender{Node: a.cfg.Node.Name, Epoch: a.cfg.Node.Epoch}
	end := time.Now().Add(time.Duration(m.WaitMS) * time.Millisecond)
	m.Hurry = m.Hurry || m.WaitMS <= 0
	for try := 1; ; try++ {
		m.WaitMS = 0
		resp, t, err := a.joinNow(ctx, m)
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

// joinNow tells which tracker has answered.
func (a *Announcer) joinNow(ctx context.Context, m trackerapi.JoinRequest) (resp trackerapi.JoinResponse, by *tracker, err error) {
	err = a.spread(ctx, "join", asKeys([]digest.Digest{m.Digest}), func(ctx context.Context, t *tracker, _ []int) error {
		got, err := join(ctx, t, m)
		if err == nil {
			resp, by = got, t
		}
		return err
	})
	return resp, by, err
}

// joinAt waits at one tracker. That it answers late tells nothing about lookups,
// so its breaker hears nothing of it.
func (a *Announcer) joinAt(ctx context.Context, t *tracker, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
	wait := time.Duration(m.WaitMS)*time.Millisecond + a.cfg.LookupTimeout
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
	return r, nil
}
