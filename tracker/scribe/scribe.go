package scribe

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/roster"
)

const (
	period    = time.Second     // between two looks at everything
	maxRetry  = 5 * time.Second // between two attempts while the journal is away
	lastWords = 2 * time.Second // for what has changed just before the end
	fillTime  = 10 * time.Second
)

// State is how the tracker's memory stands.
type State string

// The states.
const (
	Loading State = "loading"  // from the journal; no node is answered yet
	Warm    State = "warm"     // all is known, and the journal is kept
	Filling State = "filling"  // nothing could be loaded: the nodes are announcing themselves
	NoRedis State = "no redis" // the journal is away; the tracker works without
)

// Scribe keeps a journal for one tracker. [Scribe.Recall] comes first, then
// [Scribe.Run].
type Scribe struct {
	journal    journal.Journal
	index      *index.Index
	roster     *roster.Roster
	history    *History
	purgeAfter time.Duration
	log        *slog.Logger

	// What follows is for the one goroutine that speaks to the journal.
	loaded     bool
	doubt      bool    // whether any page may be other than it is known to be
	pages      []*page // by ordinal
	attendance attendance
	beats      int64
	nextShelf  int
	writers    [journal.Shelves]map[string]bool // of the pages on each shelf

	reachable atomic.Bool
	recalled  atomic.Bool  // Recall is over
	filledAt  atomic.Int64 // when the nodes will have filled the memory, if Recall could not
	present   atomic.Int64 // trackers that are there
	written   atomic.Int64
	failures  atomic.Int64
	keptAt    atomic.Int64 // Unix time in nanoseconds
}

// New makes a Scribe. History has to observe the roster. A node that was
// silent for purgeAfter is taken out of the journal.
func New(j journal.Journal, x *index.Index, r *roster.Roster, h *History, purgeAfter time.Duration, log *slog.Logger) *Scribe {
	return &Scribe{
		journal: j, index: x, roster: r, history: h, purgeAfter: purgeAfter, log: log, doubt: true,
		attendance: attendance{me: j.ID(), seen: map[string]beat{}},
	}
}

// Stats is for the metrics.
type Stats struct {
	State    State
	Trackers int   // that are there, as they were last seen; this one among them
	Written  int64 // pages
	Failures int64 // attempts that ended with an error
	KeptAt   int64 // when the last attempt ended without one, in Unix nanoseconds; 0: none has
}

// Stats may be asked at any time.
func (s *Scribe) Stats() Stats {
	return Stats{State: s.State(), Trackers: int(s.present.Load()), Written: s.written.Load(), Failures: s.failures.Load(), KeptAt: s.keptAt.Load()}
}

// State may be asked at any time.
func (s *Scribe) State() State {
	switch {
	case !s.recalled.Load():
		return Loading
	case !s.reachable.Load():
		return NoRedis
	case time.Now().UnixNano() < s.filledAt.Load():
		return Filling
	}
	return Warm
}

// Run keeps the journal until ctx ends.
func (s *Scribe) Run(ctx context.Context) {
	defer s.Close()
	for wait := jittered(period); pause(ctx, wait); {
		if s.note(ctx, s.step(ctx)) {
			wait = jittered(period)
		} else {
			wait = min(2*wait, jittered(maxRetry))
		}
	}
	if s.reachable.Load() {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		s.note(last, errors.Join(s.order(last), s.write(last)))
	}
}

// Close is for a Scribe that does not run.
func (s *Scribe) Close() { _ = s.journal.Close() }

// step is what there is to do once a second. The first error ends it.
func (s *Scribe) step(ctx context.Context) error {
	if !s.loaded {
		if err := s.load(ctx, roster.Dead); err != nil {
			return err
		}
	}
	s.beats++
	beats, err := s.journal.Attend(ctx, s.beats)
	if err != nil {
		return err
	}
	s.attendance.note(beats, time.Now())
	s.present.Store(int64(s.attendance.present(time.Now())))
	if err := s.order(ctx); err != nil {
		return err
	}
	if err := s.audit(ctx); err != nil {
		return err
	}
	if err := s.write(ctx); err != nil {
		return err
	}
	return s.tidy(ctx)
}

// note takes notice of how an attempt went, and says whether it went well.
func (s *Scribe) note(ctx context.Context, err error) bool {
	was := s.reachable.Swap(err == nil)
	if err == nil {
		s.keptAt.Store(time.Now().UnixNano())
	}
	switch {
	case err == nil && !was:
		s.log.Info("journal is kept", "id", s.journal.ID())
	case err != nil:
		s.doubt = true
		s.failures.Add(1)
		if ctx.Err() == nil && (was || !s.recalled.Load()) {
			level := slog.LevelWarn
			if errors.Is(err, journal.ErrRefused) {
				level = slog.LevelError
			}
			s.log.Log(ctx, level, "journal is away: the tracker goes on without it", "error", err)
		}
	}
	return err == nil
}

// jittered is d give or take a quarter, so that trackers don't move in step.
func jittered(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2)
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
