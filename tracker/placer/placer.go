package placer

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placement"
	"github.com/drayproject/dray/tracker/roster"
)

// Parts is what a Placer is made of.
type Parts struct {
	Desk journal.Desk
	// ID is this tracker's, at the desk.
	ID string
	// Shared: other trackers use the same desk, and it outlives this one.
	Shared bool
	Index  *index.Index
	Roster *roster.Roster
	Events *events.Log
	// Secrets has the credentials for registries.
	Secrets Secrets
	// File, when set, is where policies come from that nobody else may
	// change. It is read again when it changes.
	File   string
	Limits placement.Limits
}

// Placer places content. Its methods are safe for concurrent use.
type Placer struct {
	Parts
	log     *slog.Logger
	content *contents
	parts   *partList
	quiet   quiet
	away    atomic.Bool // the common memory
	nudged  chan struct{}
	counts  counts

	mu      sync.Mutex // guards what follows
	started time.Time  // when Run began
	holder  string     // of the claim, as last heard
	others  time.Time  // when it was last heard to be another's
	term    int64
	until   time.Time // until when this tracker may act
	began   time.Time // the term
	// recalled: what the last one that acted has left is read.
	recalled bool
	wanted   wanted
	file     filed
	told     map[string]*told  // by node
	tasks    map[string]*known // by ID
	plan     *placement.Plan   // the latest; nil before the first
	seen     time.Time         // when the world was looked at for it
	size     int               // nodes in the world, the last time
	answers  map[string]answer // by node, of that plan
	view     View
	since    map[string]time.Time // when nodes began to leave
	spoken   spoken

	// What follows is the loop's alone.
	ended endedPapers
	shown shown
}

// known is a task that is known of.
type known struct{ placement.Known }

// told is what a node has said in this term.
type told struct {
	epoch    int64
	first    time.Time // when it was heard first, in this run of the node
	at       time.Time // and last
	pins     []trackerapi.Pin
	room     trackerapi.Room
	states   []trackerapi.TaskState
	answered uint64 // the answer that it was given last; 0: none that was planned
}

// New makes a Placer, which does nothing before Run. An error is the file's.
func New(parts Parts, log *slog.Logger) (*Placer, error) {
	p := &Placer{
		Parts: parts, log: log, content: &contents{index: parts.Index}, parts: newPartList(),
		nudged: make(chan struct{}, 1), told: map[string]*told{}, tasks: map[string]*known{}, since: map[string]time.Time{},
		wanted: newWanted(), ended: newEndedPapers(), spoken: newSpoken(),
	}
	if p.File == "" {
		return p, nil
	}
	file, err := readFile(p.File)
	p.file = file
	return p, err
}

// Run places content until ctx ends.
func (p *Placer) Run(ctx context.Context) {
	p.mu.Lock()
	p.started = time.Now()
	p.mu.Unlock()
	var group sync.WaitGroup
	group.Go(func() { p.claims(ctx) })
	group.Go(func() { p.loop(ctx) })
	group.Wait()
}

const (
	period = time.Second            // between two plans
	breath = 100 * time.Millisecond // at least, when there is news
)

func (p *Placer) loop(ctx context.Context) {
	for {
		begin := time.Now()
		p.step(ctx)
		// Planning for a large cluster takes no more than a quarter of a core.
		if !pause(ctx, max(breath, 3*time.Since(begin))) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(period):
		case <-p.nudged:
		}
	}
}

// nudge has the next plan made soon.
func (p *Placer) nudge() {
	select {
	case p.nudged <- struct{}{}:
	default:
	}
}

// step is what there is to do once a second. What the memory does not answer
// now, it will be asked again.
func (p *Placer) step(ctx context.Context) {
	p.reload()
	p.mu.Lock()
	acts := p.acts()
	p.mu.Unlock()
	if !acts {
		p.quiet.busy.Store(false)
	}
	if err := p.read(ctx); err != nil {
		p.reach(err)
		return
	}
	if !acts {
		p.look(ctx)
		return
	}
	if p.recall(ctx) && p.heard() {
		p.place(ctx)
	}
}
