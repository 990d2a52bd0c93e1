package announcer

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

func (s *session) setInterval(ms int64) {
	if ms > 0 {
		s.interval = min(max(time.Duration(min(ms, maxInterval.Milliseconds()))*time.Millisecond, minInterval), maxInterval)
	}
}

// alive and down keep the breaker and the log up to date; a change is logged
// once.
func (s *session) alive() {
	s.tracker.heartbeat(true)
	s.faulty = false
	if s.setUp(true) {
		s.log.Info("tracker session is up", "interval", s.interval)
	}
}

func (s *session) down(err error) {
	s.tracker.heartbeat(false)
	s.setUp(false)
	if s.faulty {
		return
	}
	s.faulty = true
	if trackerapi.IsCode(err, trackerapi.CodeStaleEpoch) {
		s.log.Error("another seeder with this node's name has started later; this one is not heard", "node", s.who.Node, "epoch", s.who.Epoch, "error", err)
		return
	}
	s.log.Warn("tracker session is down", "error", err)
	s.tracker.http.CloseIdleConnections()
}

func (s *session) setUp(up bool) (changed bool) {
	if s.up.Swap(up) == up {
		return false
	}
	if up {
		s.metrics.sessions.Inc()
		select {
		case s.back <- struct{}{}:
		default:
		}
	} else {
		s.metrics.sessions.Dec()
		s.tracker.heartbeat(false)
	}
	return true
}

// pauseUnlessBack waits like pause, but no longer than until heartbeats pass
// again, and says whether they do. Heartbeats find a tracker that has returned
// within about an interval, and are spread out over it.
func (s *session) pauseUnlessBack(ctx context.Context, d time.Duration) (back bool) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-s.back:
		return true
	}
	return false
}

// pause waits, or returns early when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// jitter changes d by up to a tenth, so that a fleet does not beat in step.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + rand.Float64()/5))
}
