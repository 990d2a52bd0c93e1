package worker

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/drayproject/dray/seeder/puller"
	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/shared/trackerapi"
)

// Tracker is the one that places content at the moment.
type Tracker interface {
	Work(context.Context, trackerapi.WorkRequest) (trackerapi.WorkResponse, error)
}

// Puller gets an image, and tells of each step.
type Puller interface {
	Pull(context.Context, puller.Request, func(puller.Event)) error
}

// Store is this node's images. Errors wrap [store.ErrNotFound] for one that is
// not there.
type Store interface {
	Parts(ctx context.Context, image string) (store.Parts, error)
	Pins(context.Context) ([]store.Pin, error)
	Pin(ctx context.Context, image string, owners []string) error
	Unpin(ctx context.Context, image string) error
	// Unpack makes an image ready to run, for the platform of this machine.
	Unpack(ctx context.Context, image string) error
}

// Road is what background work shares with pulls that somebody waits for.
type Road interface {
	// Pace returns when so many bytes may be taken; own is the task's limiter,
	// or nil.
	Pace(ctx context.Context, own *rate.Limiter, bytes int) error
	// Wanted tells whether somebody who waits has asked for one of these
	// lately: digests, or images by their full names. Want says that somebody
	// does.
	Wanted(keys ...string) bool
	Want(keys ...string)
}

// Config is what a Worker has to be told.
type Config struct {
	Node trackerapi.Sender
	// Parallel is how many tasks are done at one time; at least 1.
	Parallel int
	// MinFree is the share of the disk that a task must leave free.
	MinFree float64
	// Room tells how much there is.
	Room func() (trackerapi.Room, error)
}

const (
	talkTimeout  = 2 * time.Second        // one work message
	newsInterval = 100 * time.Millisecond // between two messages about news, at least
	roomInterval = time.Second            // between two looks whether there is room now

	checkInterval = 10 * time.Second // between two looks whether the pins are still there
)

// Worker does the tasks of this node. Asked may be called at any time, the rest is
// Run's.
type Worker struct {
	cfg     Config
	puller  Puller
	store   Store
	road    Road
	log     *slog.Logger
	metrics *metrics

	asked chan Tracker  // holds the last one that asked
	news  chan struct{} // holds one when a task has reached another phase
	slots chan struct{} // one per task being done

	mu     sync.Mutex // guards tasks, and what is in them, and pinned
	tasks  map[string]*task
	pinned []trackerapi.Pin

	running  sync.WaitGroup // tasks
	describe []trackerapi.Image
	last     trackerapi.WorkResponse // its pins; never settled
}

// New makes a Worker.
func New(cfg Config, p Puller, s Store, r Road, log *slog.Logger, reg prometheus.Registerer) *Worker {
	w := &Worker{
		cfg: cfg, puller: p, store: s, road: r, log: log,
		asked: make(chan Tracker, 1),
		news:  make(chan struct{}, 1),
		slots: make(chan struct{}, max(cfg.Parallel, 1)),
		tasks: map[string]*task{},
	}
	w.metrics = newMetrics(reg, w.count)
	return w
}

// Asked says that a tracker wants to hear from this node. It does not block.
func (w *Worker) Asked(t Tracker) {
	for {
		select {
		case w.asked <- t:
			return
		default:
		}
		select {
		case <-w.asked: // one that asked before
		default:
		}
	}
}

// Run talks to whichever tracker has asked last, and returns when ctx has ended
// and all tasks with it.
func (w *Worker) Run(ctx context.Context) error {
	defer w.running.Wait()
	var boss Tracker
	var again <-chan time.Time
	check := time.NewTicker(checkInterval)
	defer check.Stop()
	for {
		news := w.news
		if boss == nil {
			news = nil
		}
		select {
		case <-ctx.Done():
			return nil
		case boss = <-w.asked:
		case <-again:
		case <-news:
		case <-check.C:
			w.check(ctx)
			continue
		}
		wait, err := w.talk(ctx, boss)
		if err != nil && ctx.Err() == nil {
			w.log.Warn("work failed; the next tracker that places content will ask", "error", err)
			boss, wait = nil, 0
		}
		again = nil
		if wait > 0 {
			again = time.After(wait)
		}
		pause(ctx, newsInterval)
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
