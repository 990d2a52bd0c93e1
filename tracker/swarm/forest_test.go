package swarm

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/roster"
)

// cluster is a swarm with nodes "0", "1", … that hold nothing.
type cluster struct {
	*Swarm
	t     testing.TB
	index *index.Index
	nodes []*roster.Node
}

// relay tells a swarm that is made later.
type relay struct{ to *Swarm }

func (r *relay) Observe(v roster.Verdict) { r.to.Observe(v) }

func newCluster(t testing.TB, nodes int, rules Rules) *cluster {
	t.Helper()
	x, r := index.New(), new(relay)
	list := roster.New(roster.Policy{}, r, slog.New(slog.DiscardHandler))
	c := &cluster{Swarm: New(x, list), t: t, index: x}
	c.Rule(rules)
	r.to = c.Swarm
	for i := range nodes {
		n, _, err := list.Register(trackerapi.Node{Name: fmt.Sprint(i), Epoch: 1, Addr: fmt.Sprintf("[fd00::%d]:5002", i)})
		if err != nil {
			t.Fatal(err)
		}
		c.nodes = append(c.nodes, n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return c
}

func (c *cluster) join(node int, m trackerapi.JoinRequest) trackerapi.JoinResponse {
	m.Node, m.Epoch = fmt.Sprint(node), 1
	if m.Digest == "" {
		m.Digest = blob
	}
	return c.Join(c.t.Context(), c.nodes[node], &m)
}

// joins asks in the background.
func (c *cluster) joins(node int, wait time.Duration) <-chan trackerapi.JoinResponse {
	got := make(chan trackerapi.JoinResponse, 1)
	go func() { got <- c.join(node, trackerapi.JoinRequest{WaitMS: wait.Milliseconds()}) }()
	synctest.Wait()
	return got
}

func (c *cluster) tell(node int, ingests ...trackerapi.Ingest) { c.Progress(c.nodes[node], ingests) }

func (c *cluster) announce(node int, digests ...digest.Digest) {
	c.index.Apply(c.nodes[node].Ordinal(), &trackerapi.AnnounceRequest{Whole: true, Add: digests})
	c.Announced(c.nodes[node], digests)
}

func (c *cluster) leave(node int) {
	if err := c.roster.Leave(trackerapi.Sender{Node: fmt.Sprint(node), Epoch: 1}); err != nil {
		c.t.Fatal(err)
	}
}

// pass lets time go by in a bubble.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the bubble's clock

func in(offset int64) trackerapi.Ingest {
	return trackerapi.Ingest{Digest: blob, Offset: offset, Size: size}
}

func hands(r trackerapi.JoinResponse) (s []string) {
	for _, h := range r.Handout {
		s = append(s, h.Node)
	}
	return s
}

func TestAJoinIsAnsweredTheMomentThatThereIsAByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, DefaultRules())
		if got := c.join(0, trackerapi.JoinRequest{}); !got.Lease || got.StartMS != 700 {
			t.Fatalf("got %+v", got)
		}
		if got := c.join(1, trackerapi.JoinRequest{}); got.Lease || got.Free || got.Handout == nil || len(got.Handout) > 0 {
			t.Fatalf("got %+v; want an empty answer", got)
		}
		begin, waiting := time.Now(), c.joins(1, time.Second)
		pass(300 * ms)
		c.tell(0, in(1))
		got := <-waiting
		want := trackerapi.Holder{Node: "0", Epoch: 1, Addr: "[fd00::0]:5002", Partial: true}
		if len(got.Handout) != 1 || got.Handout[0] != want || time.Since(begin) != 300*ms {
			t.Fatalf("after %v: %+v", time.Since(begin), got)
		}
	})
}

func TestAnAnnouncementAnswersToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, DefaultRules())
		c.join(0, trackerapi.JoinRequest{})
		waiting := c.joins(1, time.Second)
		c.announce(0, blob)
		if got := <-waiting; !slices.Equal(hands(got), []string{"0"}) || got.Handout[0].Partial {
			t.Fatalf("got %+v", got)
		}
	})
}

func TestAfterItsWaitEverybodyIsFree(t *testing.T) {
	for name, c := range map[string]struct {
		asks, rule, want time.Duration
	}{
		"as long as it asks": {300 * ms, time.Second, 300 * ms},
		"as long as it may":  {time.Minute, time.Second, time.Second},
		"not at all":         {time.Second, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rules := DefaultRules()
				rules.Wait, rules.Start = c.rule, time.Minute
				s := newCluster(t, 2, rules)
				s.join(0, trackerapi.JoinRequest{})
				begin := time.Now()
				got := s.join(1, trackerapi.JoinRequest{WaitMS: c.asks.Milliseconds()})
				if !got.Free || time.Since(begin) != c.want {
					t.Fatalf("after %v: %+v", time.Since(begin), got)
				}
			})
		})
	}
}

func TestAHurryIsNotMadeToWait(t *testing.T) {
	c := newCluster(t, 3, DefaultRules())
	c.join(0, trackerapi.JoinRequest{})
	if got := c.join(1, trackerapi.JoinRequest{Hurry: true}); !got.Free {
		t.Fatalf("got %+v", got)
	}
}

func TestALeasePassesToWhoWaits(t *testing.T) {
	for name, c := range map[string]struct {
		fail  func(*cluster)
		after time.Duration
	}{
		"not used":         {func(*cluster) {}, 700 * ms},
		"its node leaves":  {func(c *cluster) { c.leave(0) }, 0},
		"its node is new":  {func(c *cluster) { c.Restarted(c.nodes[0]) }, 0},
		"it has failed":    {func(c *cluster) { c.tell(0, trackerapi.Ingest{Digest: blob, Ended: true}) }, 0},
		"its node is dead": {func(c *cluster) { c.Observe(roster.Verdict{Ordinal: c.nodes[0].Ordinal(), To: roster.Dead}) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rules := DefaultRules()
				rules.Wait = 3 * time.Second
				s := newCluster(t, 3, rules)
				s.join(0, trackerapi.JoinRequest{})
				begin := time.Now()
				first, second := s.joins(1, 3*time.Second), s.joins(2, 3*time.Second)
				c.fail(s)
				if got := <-first; !got.Lease || time.Since(begin) > c.after+tick {
					t.Fatalf("after %v: %+v", time.Since(begin), got)
				}
				s.tell(1, in(1))
				if got := <-second; !slices.Equal(hands(got), []string{"1"}) {
					t.Fatalf("got %+v", got)
				}
				if st := s.Stats(); st.Passed != 1 || st.Waiting != 0 || st.Leases != 0 {
					t.Fatalf("%+v", st)
				}
			})
		})
	}
}

func TestWhoHangsUpWaitsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, DefaultRules())
		c.join(0, trackerapi.JoinRequest{})
		ctx, hangUp := context.WithCancel(t.Context())
		done := make(chan trackerapi.JoinResponse)
		go func() {
			done <- c.Join(ctx, c.nodes[1], &trackerapi.JoinRequest{Sender: trackerapi.Sender{Node: "1"}, Digest: blob, WaitMS: 1000})
		}()
		synctest.Wait()
		if st := c.Stats(); st.Waiting != 1 {
			t.Fatalf("%+v", st)
		}
		hangUp()
		if got := <-done; got.Lease || got.Free || len(got.Handout) > 0 {
			t.Fatalf("got %+v", got)
		}
		if st := c.Stats(); st.Waiting != 0 {
			t.Fatalf("%+v", st)
		}
	})
}

func TestOneWhoDiesWaitingDoesNotKeepItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 2, DefaultRules())
		c.join(0, trackerapi.JoinRequest{})
		waiting := c.joins(1, time.Second)
		c.Observe(roster.Verdict{Ordinal: c.nodes[1].Ordinal(), To: roster.Dead})
		if got := <-waiting; !got.Free {
			t.Fatalf("got %+v", got)
		}
	})
}

func TestHeartbeatsAloneTellATrackerEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 4, DefaultRules())
		beat := func(node int, ingests ...trackerapi.Ingest) {
			c.Heartbeat(c.nodes[node], trackerapi.Load{UploadRate: 5}, ingests)
		}
		pass(time.Second)
		beat(0, in(20))
		child := in(10)
		child.Parent, child.Rate = "0", 7
		beat(1, child)
		v := c.View(blob)
		if v.Size != size || len(v.Partials) != 2 || v.Partials[1] != (Partial{Node: "1", Parent: "0", Offset: 10, Rate: 7, Depth: 1, Since: v.Partials[1].Since}) {
			t.Fatalf("%+v", v)
		}
		if got := c.Moving(); !slices.Equal(got, []Outline{{Digest: blob, Size: size, Partials: 2}}) {
			t.Fatalf("moving: %v", got)
		}
		pass(time.Second)
		beat(0)
		beat(1)
		if st := c.Stats(); st != (Stats{}) {
			t.Fatalf("%+v; what is not listed is over", st)
		}
	})
}

func TestWhatIsInMotionIsForgottenWhenItRests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 3, DefaultRules())
		c.announce(0, blob)
		for node := 1; node < 3; node++ { // they say nothing after that, as for a small blob
			if got := c.join(node, trackerapi.JoinRequest{Size: 100}); len(got.Handout) == 0 {
				t.Fatalf("got %+v", got)
			}
		}
		if st := c.Stats(); st.Swarms != 1 || st.Partials != 2 {
			t.Fatalf("%+v", st)
		}
		pass(holdTime + tick)
		if st := c.Stats(); st != (Stats{}) || c.forest.ledger.places(c.nodes[0].Ordinal()) != 0 {
			t.Fatalf("%+v", st)
		}
	})
}

func TestAnAccusedPartialHolderIsInNoAnswer(t *testing.T) {
	c := newCluster(t, 3, DefaultRules())
	c.tell(0, in(9))
	c.Accused(c.nodes[0], blob, 0)
	if got := c.join(1, trackerapi.JoinRequest{}); !got.Lease {
		t.Fatalf("got %+v", got)
	}
}

func TestWhereTooMuchIsInMotionHoldersAreHandedOutAllTheSame(t *testing.T) {
	c := newCluster(t, 3, DefaultRules())
	c.announce(0, blob)
	c.forest.mu.Lock()
	for i := range maxTrees {
		c.forest.trees[digest.FromString(fmt.Sprint(i))] = &Tree{waiting: 1}
	}
	c.forest.mu.Unlock()
	if got := c.join(1, trackerapi.JoinRequest{}); !slices.Equal(hands(got), []string{"0"}) {
		t.Fatalf("got %+v", got)
	}
	if got := c.join(1, trackerapi.JoinRequest{Digest: digest.FromString("cold")}); !got.Free {
		t.Fatalf("got %+v", got)
	}
}

func TestANewRunHasANewLink(t *testing.T) {
	c := newCluster(t, 1, DefaultRules())
	c.Heartbeat(c.nodes[0], trackerapi.Load{UploadRate: 400}, []trackerapi.Ingest{{Digest: blob, Offset: 1, Rate: 100}})
	if got := c.forest.ledger.fanout(c.nodes[0].Ordinal(), c.forest.now()); got != 4 {
		t.Fatalf("%d children", got)
	}
	c.Restarted(c.nodes[0])
	if got := c.forest.ledger.fanout(c.nodes[0].Ordinal(), c.forest.now()); got != 0 {
		t.Fatalf("%d children", got)
	}
}

func TestANodeHasABoundedNumberOfIngests(t *testing.T) {
	c := newCluster(t, 1, DefaultRules())
	for i := range maxGrowing + 10 {
		c.tell(0, trackerapi.Ingest{Digest: digest.FromString(fmt.Sprint(i)), Offset: 1})
	}
	if st := c.Stats(); st.Partials != maxGrowing {
		t.Fatalf("%+v", st)
	}
}

// A crowd of real goroutines, for the race detector: everybody gets it, and it is
// asked of the origin once.
func TestACrowdOfAHundred(t *testing.T) {
	c := newCluster(t, 100, Rules{Wait: time.Minute, Start: time.Minute})
	leases := make(chan int, 100)
	done := make(chan struct{}, 100)
	for node := range c.nodes {
		go func() {
			defer func() { done <- struct{}{} }()
			got := c.join(node, trackerapi.JoinRequest{WaitMS: 60_000})
			i := in(1)
			if got.Lease {
				leases <- node
			} else if len(got.Handout) > 0 {
				i.Parent = got.Handout[0].Node
			}
			c.tell(node, i)
			i.Offset = i.Size
			c.Heartbeat(c.nodes[node], trackerapi.Load{}, []trackerapi.Ingest{i})
			i.Ended = true
			c.tell(node, i)
			c.announce(node, blob)
		}()
	}
	for range c.nodes {
		<-done
	}
	if len(leases) != 1 {
		t.Fatalf("%d leases", len(leases))
	}
}

func BenchmarkJoin(b *testing.B) {
	for _, members := range []int{1, 1000, 15_000} {
		b.Run(fmt.Sprintf("%d on their way", members), func(b *testing.B) {
			c := newCluster(b, members+1, DefaultRules())
			for node := range members {
				c.tell(node, in(int64(members-node)*mega/1000+1))
			}
			m := trackerapi.JoinRequest{Sender: trackerapi.Sender{Node: fmt.Sprint(members), Epoch: 1}, Digest: blob}
			b.ReportAllocs()
			for b.Loop() {
				c.Join(b.Context(), c.nodes[members], &m)
			}
		})
	}
}
