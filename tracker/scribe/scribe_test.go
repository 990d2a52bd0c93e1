package scribe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/journal/journaltest"
	"github.com/drayproject/dray/tracker/roster"
)

// tracker is the part of a tracker that has to do with its memory.
type tracker struct {
	*Scribe
	t     *testing.T
	index *index.Index
	nodes *roster.Roster
	stop  func()
}

type observers []roster.Observer

func (o observers) Observe(v roster.Verdict) {
	for _, each := range o {
		each.Observe(v)
	}
}

// mute is a Prober that nobody answers.
type mute struct{}

func (mute) Probe(context.Context, string) roster.Outcome { return roster.Mute }

type forgetter struct{ *index.Index }

func (f forgetter) Observe(v roster.Verdict) {
	if v.To == roster.Purged {
		f.Forget(v.Ordinal)
	}
}

// start starts a tracker on the memory.
func start(t *testing.T, m *journaltest.Memory) *tracker {
	t.Helper()
	x, h := index.New(), NewHistory()
	policy := roster.Policy{Interval: time.Second, SuspectAfter: 2, DeadAfter: 3, PurgeAfter: 10 * time.Minute}
	r := roster.New(policy, observers{h, forgetter{x}}, slog.New(slog.DiscardHandler))
	s := New(m.Journal(), x, r, h, policy.PurgeAfter, slog.New(slog.DiscardHandler))
	if s.State() != Loading {
		t.Fatalf("before anything: %s", s.State())
	}
	if err := s.Recall(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	tr := &tracker{Scribe: s, t: t, index: x, nodes: r}
	ended := make(chan struct{}, 2)
	go func() { r.Run(ctx, mute{}); ended <- struct{}{} }()
	go func() { s.Run(ctx); ended <- struct{}{} }()
	tr.stop = func() {
		cancel()
		<-ended
		<-ended
		ended <- struct{}{}
		ended <- struct{}{}
	}
	t.Cleanup(tr.stop)
	return tr
}

// node is a seeder that speaks to some trackers.
type node struct {
	name string
	seq  uint64
	has  []digest.Digest
}

func (n *node) hash() (h trackerapi.SetHash) {
	for _, d := range n.has {
		h.Digest(d)
	}
	return h
}

// join registers a node that holds count digests from first on.
func join(name string, first, count int, with ...*tracker) *node {
	n := &node{name: name}
	for i := range count {
		n.has = append(n.has, journaltest.Digest(first+i))
	}
	n.announce(with...)
	return n
}

func (n *node) announce(with ...*tracker) {
	n.seq++
	for _, tr := range with {
		known, _, err := tr.nodes.Register(trackerapi.Node{Name: n.name, Epoch: 1, Addr: "h:1"})
		if err != nil || tr.index.Apply(known.Ordinal(), &trackerapi.AnnounceRequest{Whole: true, Seq: n.seq, SetHash: uint64(n.hash()), Add: n.has}) {
			panic("the announcement was not taken")
		}
	}
}

// live lets time pass in which the nodes send heartbeats to the trackers.
func live(d time.Duration, nodes []*node, with ...*tracker) {
	for range d / (500 * time.Millisecond) {
		for _, n := range nodes {
			for _, tr := range with {
				if known, err := tr.nodes.Hear(trackerapi.Sender{Node: n.name, Epoch: 1}); err == nil {
					tr.index.Check(known.Ordinal(), n.seq, uint64(n.hash()))
				}
			}
		}
		time.Sleep(500 * time.Millisecond) //nolint:forbidigo // the bubble's time
	}
	synctest.Wait()
}

// truth compares the memory with the nodes, pair by pair.
func truth(t *testing.T, m *journaltest.Memory, nodes []*node) {
	t.Helper()
	got := journaltest.Load(t, m.Journal())
	for _, n := range nodes {
		e, there := got[n.name]
		if !there || e.Set == nil {
			t.Fatalf("%s is missing", n.name)
		}
		want := slices.Sorted(slices.Values(n.has))
		if have := slices.Sorted(slices.Values(e.Set.Digests)); !slices.Equal(have, want) {
			t.Fatalf("%s has %d digests; want %d", n.name, len(have), len(want))
		}
	}
	if len(got) != len(nodes) {
		t.Fatalf("there are %d nodes; want %d", len(got), len(nodes))
	}
}

func fleet(n int, with ...*tracker) (nodes []*node) {
	for i := range n {
		nodes = append(nodes, join(fmt.Sprint("n", i), i, 10, with...))
	}
	return nodes
}

const soon = 30 * time.Second // within which the memory is true again

func TestMemoryFollowsTheTrackers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := journaltest.NewMemory()
		a, b := start(t, m), start(t, m)
		nodes := fleet(100, a, b)
		live(3*time.Second, nodes, a, b)
		truth(t, m, nodes)
		for _, n := range nodes[:20] {
			n.has = n.has[3:]
			n.announce(a, b)
		}
		live(3*time.Second, nodes, a, b)
		truth(t, m, nodes)
		if a.written.Load() == 0 || b.written.Load() == 0 || a.written.Load()+b.written.Load() > 150 {
			t.Errorf("%d and %d pages were written for 120 changes", a.written.Load(), b.written.Load())
		}
		if a.State() != Warm {
			t.Errorf("the state is %s", a.State())
		}
	})
}

func TestWhatIsLostIsWrittenAgain(t *testing.T) {
	for name, lose := range map[string]func(m *journaltest.Memory){
		"flushed": (*journaltest.Memory).Flush,
		"away":    func(m *journaltest.Memory) { m.Break(errors.New("away")) },
		"partly": func(m *journaltest.Memory) {
			if err := m.Journal().Remove(context.Background(), []string{"n1", "n2"}); err != nil {
				panic(err)
			}
		},
		"older": func(m *journaltest.Memory) {
			e := journaltest.Entry("n3", 1, 5)
			e.Node.Epoch = 1
			if err := m.Journal().Write(context.Background(), []journal.Entry{e}); err != nil {
				panic(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := journaltest.NewMemory()
				a, b := start(t, m), start(t, m)
				nodes := fleet(50, a, b)
				live(3*time.Second, nodes, a, b)
				lose(m)
				nodes[7].has = nodes[8].has
				nodes[7].announce(a, b)
				live(time.Minute, nodes, a, b)
				if name == "away" && a.State() != NoRedis {
					t.Errorf("the state is %s", a.State())
				}
				if a.nodes.Count(roster.Ready) != 50 {
					t.Errorf("only %d nodes are alive", a.nodes.Count(roster.Ready))
				}
				m.Break(nil)
				live(soon, nodes, a, b)
				truth(t, m, nodes)
			})
		})
	}
}

func TestTrackerThatStartsKnowsBeforeAnyoneSpeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := journaltest.NewMemory()
		a := start(t, m)
		nodes := fleet(50, a)
		left := join("left", 100, 5, a)
		live(3*time.Second, append(nodes, left), a)
		if err := a.nodes.Leave(trackerapi.Sender{Node: "left", Epoch: 1}); err != nil {
			t.Fatal(err)
		}
		a.stop() // it writes what it knows last

		b := start(t, m)
		live(3*time.Second, nil)
		for _, n := range nodes {
			known := b.nodes.ByName(n.name)
			if known == nil || known.State() != roster.Ready || b.index.Version(known.Ordinal()).Hash != n.hash() {
				t.Fatalf("%s is not remembered", n.name)
			}
			if resend, _ := b.index.Check(known.Ordinal(), n.seq, uint64(n.hash())); resend {
				t.Fatalf("%s is asked for what is known", n.name)
			}
		}
		if known := b.nodes.ByName("left"); known.State().Usable() {
			t.Errorf("who has left is %s", known.State())
		}
		written := b.written.Load()
		live(soon, nodes, b)
		if now := b.written.Load(); now != written {
			t.Errorf("%d pages were written though nothing has changed", now-written)
		}
		for _, n := range nodes[:10] {
			if got := b.history.of(n.name); len(got) != 1 || got[0].Reason != "register" {
				t.Errorf("the history of %s is %v", n.name, got)
			}
		}
	})
}

func TestTrackerThatStartsWithoutMemoryFillsItLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := journaltest.NewMemory()
		a := start(t, m)
		old := join("old", 1, 5, a)
		live(3*time.Second, []*node{old}, a)
		a.stop()
		m.Break(errors.New("away"))

		b := start(t, m)
		if b.State() != NoRedis {
			t.Errorf("the state is %s", b.State())
		}
		nodes := fleet(50, b)
		live(5*time.Second, nodes, b)
		m.Break(nil)
		live(4*time.Second, nodes, b)
		if b.State() != Filling {
			t.Errorf("the state is %s", b.State())
		}
		live(soon, nodes, b)
		if b.State() != Warm {
			t.Errorf("the state is %s", b.State())
		}
		if known := b.nodes.ByName("old"); known == nil || known.State() != roster.Dead {
			t.Error("a node that nobody hears is taken for alive")
		}
		truth(t, m, append(nodes, old))
	})
}

func TestRefusalIsReported(t *testing.T) {
	m := journaltest.NewMemory()
	m.Break(journal.ErrRefused)
	x, h := index.New(), NewHistory()
	r := roster.New(roster.Policy{Interval: time.Second}, h, slog.New(slog.DiscardHandler))
	if err := New(m.Journal(), x, r, h, time.Hour, slog.New(slog.DiscardHandler)).Recall(t.Context()); !errors.Is(err, journal.ErrRefused) {
		t.Fatalf("got %v", err)
	}
}

func TestAnotherTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := journaltest.NewMemory()
		a, b := start(t, m), start(t, m)
		nodes := fleet(50, a, b)
		live(3*time.Second, nodes, a, b)
		a.stop()
		for _, n := range nodes {
			n.has = n.has[1:]
			n.announce(b)
		}
		live(soon, nodes, b)
		truth(t, m, nodes)
		live(2*time.Minute, nodes, b)
		for name, s := range journaltest.Stamps(t, m.Journal()) {
			if s.Writer != b.journal.ID() {
				t.Fatalf("the page of %s is still a dead tracker's", name)
			}
		}
		if beats, _ := m.Journal().Attend(t.Context(), 1); len(beats) != 2 {
			t.Errorf("the dead tracker is still on the list: %v", beats)
		}
		truth(t, m, nodes)
	})
}

func TestTrackerThatIsCutOffFromNodesDoesNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := journaltest.NewMemory()
		a, b := start(t, m), start(t, m)
		nodes := fleet(60, a, b)
		live(3*time.Second, nodes, a, b)
		for _, n := range nodes[:30] { // b alone hears of it
			n.has = n.has[2:]
			n.announce(b)
		}
		for range 4 {
			live(soon/2, nodes[:30], b)
			live(soon/2, nodes, b)
		}
		truth(t, m, nodes)
		for _, n := range nodes {
			n.announce(a)
		}
		live(soon, nodes, a, b)
		truth(t, m, nodes)
	})
}

func TestForgottenNodeLeavesTheMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := journaltest.NewMemory()
		a, b := start(t, m), start(t, m)
		nodes := fleet(10, a, b)
		live(2*time.Minute, nodes, a, b)
		live(9*time.Minute, nodes[2:], a, b)
		truth(t, m, nodes)
		live(3*time.Minute, nodes[2:], a, b)
		truth(t, m, nodes[2:])
	})
}
