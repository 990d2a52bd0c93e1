package fetcher

import (
	"context"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	// maxRounds is how often a fetch waits for others at most, each time for
	// OriginWait. After the first a tracker must say that it is worth it.
	maxRounds = 20
	// longWait bounds all rounds but the first: containerd gives a mirror up that has
	// not answered for 30 s.
	longWait = 20 * time.Second
	// mostFailed questions in a row may fail in the middle of that, and failedPause
	// is what each costs: a tracker that is not asked for a while comes back within
	// a heartbeat.
	mostFailed  = 4
	failedPause = 300 * time.Millisecond
)

// waitFor asks, and waits again for as long as a tracker says that it is worth it. That
// one was slow for a moment, or has gone, does not change that.
func (f *Fetcher) waitFor(ctx context.Context, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
	for round, worth, failed := rounds(f.cfg.OriginWait), false, 0; ; round-- {
		m.Patient = round > 1 && !m.Hurry
		r, err := f.waitOnce(ctx, m)
		switch {
		case err == nil && (!r.Busy || !m.Patient):
			return r, nil
		case err == nil:
			worth, failed = true, 0
			continue
		}
		if failed++; !worth || !m.Patient || failed > mostFailed {
			return r, err
		}
		select {
		case <-time.After(failedPause):
		case <-ctx.Done():
			return r, err
		}
	}
}

func rounds(wait time.Duration) int {
	if wait <= 0 {
		return 1
	}
	return min(maxRounds, max(1, int(longWait/wait)))
}

// LongestWait is how long a fetch waits for others at most, with an OriginWait of
// wait.
func LongestWait(wait time.Duration) time.Duration { return time.Duration(rounds(wait)) * wait }
