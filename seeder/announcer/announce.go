package announcer

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	batchTime       = 100 * time.Millisecond // changes within this time of the first go out together
	wholeGap        = time.Second            // between two whole sets, if a tracker asks again and again
	announceTimeout = 20 * time.Second
	announceRetry   = 250 * time.Millisecond
)

var (
	errResend = errors.New("the tracker asks for everything")
	errHold   = errors.New("the tracker will ask for everything")
)

// resync does what a heartbeat's answer asks for; the position is the one that
// the tracker was told. A tracker that was going to ask for everything and finds
// that it has it is sent it all the same: that hardly ever happens.
func (s *session) resync(at position, resend, hold bool) {
	switch {
	case !at.settled() || at != s.progress.now():
	case resend && hold:
		s.progress.hold(true)
	case resend || at.held:
		s.progress.hold(false)
		s.askWhole()
	}
}

// askWhole makes the next announcement a whole one.
func (s *session) askWhole() {
	select {
	case s.whole <- struct{}{}:
	default: // it will be anyway
	}
}

// announceAll sends the whole inventory when the session is opened or the
// tracker asks for it, and changes in between.
func (s *session) announceAll(ctx context.Context) {
	select {
	case <-s.cfg.Ready:
	case <-ctx.Done():
		return
	}
	// Nothing makes sense before the first whole set.
	select {
	case <-s.whole:
		s.askWhole()
	case <-ctx.Done():
		return
	}
	retry := announceRetry
	var lastWhole time.Time
	for ctx.Err() == nil {
		whole := s.awaitWork(ctx)
		if whole {
			pause(ctx, time.Until(lastWhole.Add(wholeGap)))
			lastWhole = time.Now()
		}
		select {
		case <-s.back: // before this attempt; it says nothing about the next
		default:
		}
		if s.announceOnce(ctx, whole) || s.pauseUnlessBack(ctx, jitter(retry)) {
			retry = announceRetry
			continue
		}
		retry = min(2*retry, maxRetry)
	}
}

func (s *session) announceOnce(ctx context.Context, whole bool) (ok bool) {
	if ctx.Err() != nil {
		return false
	}
	err := s.announce(ctx, whole)
	if err == nil {
		return true
	}
	s.log.Debug("announce failed", "whole", whole, "error", err)
	switch {
	case errors.Is(err, errHold):
		s.progress.hold(true)
		return true
	case whole, errors.Is(err, errResend):
		s.askWhole()
	}
	return errors.Is(err, errResend)
}

// awaitWork returns when something is to be announced: true for everything,
// false for changes, which are given some time to become more. A tracker that
// will ask for everything can do nothing with changes.
func (s *session) awaitWork(ctx context.Context) (whole bool) {
	if s.progress.now().held {
		select {
		case <-s.whole:
		case <-ctx.Done():
		}
		return true
	}
	ctx, cancel := context.WithCancel(ctx)
	changed := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() {
		defer close(changed)
		if s.inv.Wait(ctx, s.progress.now().seq) == nil {
			pause(ctx, batchTime)
		}
	})
	select {
	case <-s.whole:
		return true
	case <-changed:
		return false
	}
}

func (s *session) announce(ctx context.Context, whole bool) error {
	s.progress.turn()
	defer s.progress.turn()
	if !whole {
		if d, known := s.inv.Since(s.progress.now().seq); known {
			if m, fits := changes(s.who, d); fits {
				return s.send(ctx, "changes", m)
			}
		}
	}
	for _, m := range wholeParts(s.who, s.inv.Snapshot()) {
		if err := s.send(ctx, "whole", m); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) send(ctx context.Context, kind string, m trackerapi.AnnounceRequest) error {
	ctx, cancel := context.WithTimeout(ctx, announceTimeout)
	defer cancel()
	r, err := s.tracker.client.Announce(ctx, m)
	s.metrics.announces.WithLabelValues(kind, result(err)).Inc()
	if err != nil {
		return err
	}
	s.metrics.announceSize.WithLabelValues(kind).Observe(float64(len(m.Add) + len(m.Remove)))
	s.log.Debug("announce", "kind", kind, "seq", m.Seq, "add", len(m.Add), "remove", len(m.Remove),
		"images", len(m.Images), "resend", r.Resend, "hold", r.Hold)
	switch {
	case r.Resend && r.Hold:
		return errHold
	case r.Resend:
		return errResend
	}
	s.progress.acknowledged(m)
	return nil
}

// verify passes on what peers have complained about.
func (s *session) verify(ds []digest.Digest) {
	for _, d := range ds {
		if d.Validate() == nil {
			s.inv.Verify(d)
		}
	}
}
