package fetcher

import (
	"context"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	// aliveWait is how long a silent parent may take to say that it lives, and
	// alivePause the time between two such questions.
	aliveWait  = 100 * time.Millisecond
	alivePause = 250 * time.Millisecond
	// mostPause is the longest time between two questions to a tracker: everybody
	// behind a parent that stands still may ask.
	mostPause = time.Second
	// silentTrackers is how long it is waited without a word from a tracker.
	silentTrackers = 2 * time.Second
)

// waits stays with a silent parent that has only the beginning, for as long as it
// lives and no tracker knows anything better: it waits for its own source, as do all
// that could take its place. False says that another one has to be looked for.
func (s *spare) waits() (settled bool) {
	ctx, end := s.silence()
	defer end()
	pause := s.body.stallLimit(s.silent.candidate)
	most, due := max(LongestWait(s.body.f.cfg.OriginWait), 4*pause), pause
	for began := time.Now(); time.Since(began) < most; {
		if !s.alive(ctx, pause) {
			return ctx.Err() != nil
		}
		if time.Since(began) < due {
			continue
		}
		r, err := s.ask(ctx)
		switch {
		case ctx.Err() != nil:
			return true
		case err != nil && time.Since(began) >= silentTrackers, s.takes(r.Handout):
			return false
		case r.Lease: // the body ends, and who reads it is sent to the origin
			s.silent.cancel(errStalled)
			return true
		}
		pause = min(2*pause, mostPause)
		due += pause
	}
	return false
}

// silence ends with the parent's own, or with the search.
func (s *spare) silence() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(s.ctx)
	go func() {
		select {
		case <-s.lost:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// alive asks the parent whether it lives. It takes a while to say yes.
func (s *spare) alive(ctx context.Context, most time.Duration) bool {
	if !s.silent.lives(ctx, aliveWait) {
		return false
	}
	select {
	case <-time.After(min(alivePause, most)):
		return true
	case <-ctx.Done():
		return false
	}
}

// ask asks a tracker from whom the rest could be had.
func (s *spare) ask(ctx context.Context) (trackerapi.JoinResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, s.body.f.cfg.LookupTimeout)
	defer cancel()
	m := s.body.want.join()
	m.Hurry, m.Avoid = true, lastOf(s.body.avoid, maxAvoid)
	return s.body.f.ask(ctx, m)
}

// takes is true where another parent is named before the present one: then it is the
// next to be asked.
func (s *spare) takes(h trackerapi.Handout) bool {
	if len(h) == 0 || h[0].Node == s.silent.Node {
		return false
	}
	s.body.queue.waiting = s.body.f.candidates(s.body.want.digest, h[:1])
	return len(s.body.queue.waiting) > 0
}
