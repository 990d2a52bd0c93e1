package announcer

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	registerTimeout = 2 * time.Second
	maxHeartbeat    = 2 * time.Second // a heartbeat's own deadline, at the most
	leaveTimeout    = time.Second

	defaultInterval = time.Second
	minInterval     = 10 * time.Millisecond
	maxInterval     = 5 * time.Minute

	minRetry   = 100 * time.Millisecond
	maxRetry   = 5 * time.Second  // of an announcement, while heartbeats pass
	staleRetry = 30 * time.Second // a later run of this node is there: it may go away
)

// errGone ends the session with a tracker that is no longer listed. Shutting
// down is another thing: then the tracker is told.
var errGone = errors.New("the tracker is no longer listed")

// session is the conversation with one tracker.
type session struct {
	cfg     Config
	who     trackerapi.Sender
	inv     Inventory
	tracker *tracker
	log     *slog.Logger
	metrics *metrics

	up   atomic.Bool   // heartbeats pass
	back chan struct{} // holds one when they pass again

	// These are used by keepAlive only, and by run after it.
	registered bool
	faulty     bool            // the fault has been logged
	interval   time.Duration   // between heartbeats
	walked     <-chan struct{} // closed when the inventory is known; nil once that has been noted

	whole    chan struct{} // asks for the whole inventory; holds at most one
	progress progress
	reports  *reportQueue
	news     *news
	looks    chan []trackerapi.Look // holds at most one
}

func newSession(cfg Config, inv Inventory, t *tracker, log *slog.Logger, m *metrics) *session {
	return &session{
		cfg: cfg, inv: inv, tracker: t, metrics: m,
		who:     trackerapi.Sender{Node: cfg.Node.Name, Epoch: cfg.Node.Epoch},
		log:     log.With("tracker", t.base),
		whole:   make(chan struct{}, 1),
		reports: newReportQueue(m.reportsDropped),
		news:    newNews(),
		looks:   make(chan []trackerapi.Look, 1),
		back:    make(chan struct{}, 1),
		walked:  cfg.Ready,
	}
}

// run speaks until ctx ends. If that is not because the tracker is gone, it
// says goodbye.
func (s *session) run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.keepAlive(ctx) })
	wg.Go(func() { s.announceAll(ctx) })
	wg.Go(func() { s.reportAll(ctx) })
	wg.Go(func() { s.progressAll(ctx) })
	wg.Go(func() { s.lookAll(ctx) })
	wg.Wait()
	s.setUp(false)
	if s.registered && !errors.Is(context.Cause(ctx), errGone) {
		s.leave(ctx)
	}
	s.tracker.http.CloseIdleConnections()
}

func (s *session) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	if _, err := s.tracker.client.Leave(ctx, trackerapi.LeaveRequest{Sender: s.who}); err != nil {
		s.log.Warn("leave failed", "error", err)
		return
	}
	s.log.Info("leave")
}

// keepAlive registers, and again whenever the tracker does not know the node.
func (s *session) keepAlive(ctx context.Context) {
	retry := minRetry
	for ctx.Err() == nil {
		err := s.register(ctx)
		if err == nil {
			s.registered, retry = true, minRetry
			err = s.heartbeats(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		wait := spreadOut(retry)
		if trackerapi.IsCode(err, trackerapi.CodeStaleEpoch) {
			wait = staleRetry
		}
		if !trackerapi.IsCode(err, trackerapi.CodeUnknownNode) {
			s.down(err)
		}
		pause(ctx, wait)
		retry = min(2*retry, cmp.Or(s.interval, defaultInterval)) // as often as heartbeats
	}
}

// register opens the session; the tracker then needs the whole inventory, at once
// or when it asks for it.
func (s *session) register(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, registerTimeout)
	defer cancel()
	r, err := s.tracker.client.Register(ctx, trackerapi.RegisterRequest{Node: s.cfg.Node, Walking: s.walking()})
	if err != nil {
		return err
	}
	s.interval = defaultInterval
	s.setInterval(r.IntervalMS)
	s.progress.restart()
	if s.progress.hold(r.Hold); !r.Hold {
		s.askWhole()
	}
	return nil
}

// walking says that the node does not know yet what it has.
func (s *session) walking() bool {
	select {
	case <-s.walked:
		s.walked = nil
	default:
	}
	return s.walked != nil
}

// heartbeats gives signs of life, the first at once. It returns when the
// session has to be opened again; a tracker that is silent for a while is
// still in it.
func (s *session) heartbeats(ctx context.Context) error {
	for {
		err := s.heartbeat(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			s.alive()
		case trackerapi.IsCode(err, trackerapi.CodeUnknownNode), trackerapi.IsCode(err, trackerapi.CodeStaleEpoch):
			return err
		default:
			s.down(err)
		}
		s.untilNext(ctx)
	}
}

// untilNext waits for the time of the next heartbeat. It comes early when the
// inventory is known, since a tracker may be waiting for that, and after lookups
// have opened the breaker, as soon as a heartbeat can close it.
func (s *session) untilNext(ctx context.Context) {
	next := time.NewTimer(jitter(s.interval))
	defer next.Stop()
	select {
	case <-next.C:
	case <-ctx.Done():
	case <-s.walked:
	case <-s.tracker.opened:
		pause(ctx, min(firstCooldown, s.interval))
	}
}

func (s *session) heartbeat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, min(s.interval*3/4, maxHeartbeat))
	defer cancel()
	before := s.progress.now()
	r, err := s.tracker.client.Heartbeat(ctx, trackerapi.HeartbeatRequest{
		Sender: s.who, Seq: before.seq, SetHash: uint64(before.hash), Load: s.cfg.Load(), Ingests: s.cfg.Ingests(),
		Walking: s.walking(),
	})
	if !errors.Is(ctx.Err(), context.Canceled) {
		s.metrics.heartbeats.WithLabelValues(result(err)).Inc()
	}
	if err != nil {
		return err
	}
	s.setInterval(r.IntervalMS)
	s.resync(before, r.Resend, r.Hold)
	s.verify(r.Verify)
	s.look(r.Look)
	if n := len(r.Rejoin); n > 0 && n <= trackerapi.MaxIngests {
		s.cfg.Rejoin(r.Rejoin)
	}
	if r.Work {
		s.cfg.Work(s.tracker.client)
	}
	return nil
}
