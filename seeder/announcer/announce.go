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

var errResend = errors.New("the tracker asks for everything")

// position is what a tracker has been sent and has acknowledged.
type position struct {
	seq   uint64
	hash  trackerapi.SetHash
	known bool // something has been acknowledged since the session was opened
	// round is odd while an announcement is under way.
	round uint64
}

// settled tells whether the tracker ought to be there. It need not before the
// first whole set, and while an announcement is on its way.
func (p position) settled() bool { return p.known && p.round%2 == 0 }

// progress is the present position. The announcements move it on, the
// heartbeats read it.
type progress struct {
	mu sync.Mutex
	at position
}

func (p *progress) now() position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

// turn starts or ends a round.
func (p *progress) turn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at.round++
}

// restart is for a session that is opened anew.
func (p *progress) restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at.known = false
}

func (p *progress) acknowledged(m trackerapi.AnnounceRequest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at.seq, p.at.hash, p.at.known = m.Seq, trackerapi.SetHash(m.SetHash), true
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
		if s.announceOnce(ctx, whole) {
			retry = announceRetry
			continue
		}
		pause(ctx, jitter(retry))
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
	if whole || errors.Is(err, errResend) {
		s.askWhole()
	}
	return errors.Is(err, errResend)
}

// awaitWork returns when something is to be announced: true for everything,
// false for changes, which are given some time to become more.
func (s *session) awaitWork(ctx context.Context) (whole bool) {
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
		"images", len(m.Images), "resend", r.Resend)
	if r.Resend {
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
