package placer

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/journal/journaltest"
	"github.com/drayproject/dray/tracker/placement"
	"github.com/drayproject/dray/tracker/roster"
)

const image = "example.org/app:1"

var layer = digest.FromString("layer")

// manifest is the digest that an image has everywhere.
func manifest(image string) digest.Digest { return digest.FromString(image) }

// fleet is some trackers with one memory, and nodes that do what they are told.
type fleet struct {
	t        *testing.T
	memory   *journaltest.Memory
	trackers []*tracker
	nodes    map[string]*node

	mu     sync.Mutex
	pulled map[string]int // how often a node did an attempt of a task
}

// tracker is the part of one that has to do with placement.
type tracker struct {
	*Placer
	nodes *roster.Roster
	index *index.Index
	log   *events.Log
	stop  func()
}

type alive struct{}

func (alive) Probe(context.Context, string) roster.Outcome { return roster.Mute }

type observers []roster.Observer

func (o observers) Observe(v roster.Verdict) {
	for _, each := range o {
		each.Observe(v)
	}
}

func newFleet(t *testing.T, trackers int, change func(*Parts)) *fleet {
	f := &fleet{t: t, memory: journaltest.NewMemory(), nodes: map[string]*node{}, pulled: map[string]int{}}
	for range trackers {
		f.start(change)
	}
	return f
}

// start starts one more tracker.
func (f *fleet) start(change func(*Parts)) *tracker {
	f.t.Helper()
	log := events.NewLog(1000)
	x := index.New()
	r := roster.New(roster.Policy{Interval: time.Second, SuspectAfter: 2, DeadAfter: 3, PurgeAfter: time.Hour}, observers{log}, slog.New(slog.DiscardHandler))
	j := f.memory.Journal()
	parts := Parts{Desk: journaltest.Desk(f.t, j), ID: j.ID(), Shared: true, Index: x, Roster: r, Events: log}
	if change != nil {
		change(&parts)
	}
	p, err := New(parts, slog.New(slog.NewTextHandler(f.t.Output(), nil)))
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(f.t.Context())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx, alive{}) })
	running.Go(func() { p.Run(ctx) })
	tr := &tracker{Placer: p, nodes: r, index: x, log: log, stop: func() { cancel(); running.Wait() }}
	f.t.Cleanup(tr.stop)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trackers = append(f.trackers, tr)
	return tr
}

// kill ends a tracker without a word to the others: its claim has to run out.
func (f *fleet) kill(dead *tracker) {
	f.t.Helper()
	f.memory.Break(fmt.Errorf("the tracker is dying"))
	dead.stop()
	f.memory.Break(nil)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trackers = slices.DeleteFunc(f.trackers, func(t *tracker) bool { return t == dead })
}

func (f *fleet) all() []*tracker {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.trackers)
}

// acting is the one tracker that acts, or nil. There must never be two.
func (f *fleet) acting() (found *tracker) {
	f.t.Helper()
	for _, t := range f.all() {
		if t.Acting().Me {
			if found != nil {
				f.t.Error("two trackers act")
			}
			found = t
		}
	}
	return found
}

// node is one that does its tasks at a fixed speed.
type node struct {
	f      *fleet
	id     trackerapi.Node
	stop   context.CancelFunc
	speed  time.Duration // that a pull takes
	refuse string        // why every pull fails; empty: it does not

	mu     sync.Mutex
	images map[string]digest.Digest
	tasks  map[string]*trackerapi.TaskState
	began  map[string]time.Time
	orders map[string]trackerapi.Task
	pins   []trackerapi.Pin
	auth   []*trackerapi.Auth // that it was given
}

func (f *fleet) node(name, zone string, images ...string) *node {
	n := &node{
		f: f, speed: 3 * time.Second, images: map[string]digest.Digest{}, tasks: map[string]*trackerapi.TaskState{},
		began: map[string]time.Time{}, orders: map[string]trackerapi.Task{},
		id: trackerapi.Node{Name: name, Epoch: 1, Addr: "10.0.0.1:1", Zone: zone, Labels: map[string]string{"name": name}},
	}
	for _, i := range images {
		n.images[i] = manifest(i)
	}
	f.nodes[name] = n
	n.run()
	return n
}

func (n *node) run() {
	ctx, cancel := context.WithCancel(n.f.t.Context())
	n.stop = cancel
	go func() {
		for pause(ctx, 250*time.Millisecond) {
			n.work()
			for _, t := range n.f.all() {
				n.beat(t)
			}
		}
	}()
}

// beat is a heartbeat and what comes of it.
func (n *node) beat(t *tracker) {
	r, err := t.nodes.Heartbeat(trackerapi.Sender{Node: n.id.Name, Epoch: n.id.Epoch}, trackerapi.Load{}, nil)
	if err != nil {
		if r, _, err = t.nodes.Register(n.id); err != nil {
			return
		}
	}
	t.index.Apply(r.Ordinal(), n.announcement())
	n.mu.Lock()
	busy := len(n.tasks) > 0
	n.mu.Unlock()
	if t.Wants(r.Ordinal()) || busy && t.Acting().Me {
		answer, err := t.Work(r, n.report())
		if err == nil {
			n.follow(answer)
		}
	}
}

func (n *node) announcement() *trackerapi.AnnounceRequest {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := &trackerapi.AnnounceRequest{Whole: true, Seq: 1}
	for name, d := range n.images {
		m.Add = append(m.Add, d)
		m.Images = append(m.Images, trackerapi.Image{Name: name, Digest: d, UpdatedAt: time.UnixMicro(1)})
	}
	return m
}

func (n *node) report() *trackerapi.WorkRequest {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := &trackerapi.WorkRequest{
		Sender: trackerapi.Sender{Node: n.id.Name, Epoch: n.id.Epoch}, Pins: slices.Clone(n.pins), Room: trackerapi.Room{Total: 1 << 40, Free: 1 << 39},
	}
	for _, s := range n.tasks {
		m.Tasks = append(m.Tasks, *s)
	}
	for name, d := range n.images {
		m.Described = append(m.Described, trackerapi.Description{Image: name, Digest: d, Parts: []trackerapi.Part{{Digest: d, Size: 10}, {Digest: layer, Size: 1000}}})
	}
	return m
}

// follow is what a worker does with an answer.
func (n *node) follow(a trackerapi.WorkResponse) {
	n.mu.Lock()
	defer n.mu.Unlock()
	keep := map[string]bool{}
	for _, t := range a.Tasks {
		keep[t.ID] = true
		if have := n.tasks[t.ID]; have != nil && have.Attempt >= t.Attempt {
			continue
		}
		n.tasks[t.ID] = &trackerapi.TaskState{ID: t.ID, Attempt: t.Attempt, Phase: trackerapi.TaskPulling, Size: 1010}
		n.began[t.ID], n.orders[t.ID] = time.Now(), t
		n.auth = append(n.auth, t.Auth)
		n.f.mu.Lock()
		n.f.pulled[fmt.Sprintf("%s %s #%d", n.id.Name, t.Image, t.Attempt)]++
		n.f.mu.Unlock()
	}
	for id := range n.tasks {
		if !keep[id] {
			delete(n.tasks, id)
		}
	}
	if a.Settled {
		n.pins = slices.DeleteFunc(slices.Clone(a.Pins), func(p trackerapi.Pin) bool { return n.images[p.Image] != p.Digest })
	}
}

// work gets on with the tasks.
func (n *node) work() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, s := range n.tasks {
		if s.Phase.Over() {
			continue
		}
		took := time.Since(n.began[id])
		if s.Offset = min(1010, int64(1010*took/n.speed)); took < n.speed {
			continue
		}
		if n.refuse != "" {
			s.Phase, s.Error = trackerapi.TaskFailed, n.refuse
			continue
		}
		order := n.orders[id]
		d := manifest(order.Image)
		s.Phase, s.Digest, n.images[order.Image] = trackerapi.TaskDone, d, d
		if len(order.Owners) > 0 {
			n.pins = append(n.pins, trackerapi.Pin{Image: order.Image, Digest: d, Owners: order.Owners})
		}
	}
}

func (n *node) pinned() (names []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.pins {
		names = append(names, p.Image)
	}
	return names
}

// holders are the running nodes that have pinned an image.
func (f *fleet) holders(image string) (names []string) {
	for name, n := range f.nodes {
		if slices.Contains(n.pinned(), image) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// within waits for a condition.
func (f *fleet) within(d time.Duration, what string, condition func() bool) {
	f.t.Helper()
	for end := time.Now().Add(d); !condition(); <-time.After(100 * time.Millisecond) {
		if time.Now().After(end) {
			f.t.Fatalf("not within %s: %s", d, what)
		}
		f.acting()
	}
}

// onceEach fails the test if anything was done twice.
func (f *fleet) onceEach() {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for what, times := range f.pulled {
		if times > 1 {
			f.t.Errorf("%s was done %d times", what, times)
		}
	}
}

func inBubble(t *testing.T, test func(t *testing.T)) { synctest.Test(t, test) }

func policyOf(factor int) placement.Policy {
	return placement.Policy{Name: "base", Images: []string{"example.org/**"}, Factor: factor, RepairAfter: placement.Duration(20 * time.Second)}
}
