package roster

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// journal is an Observer that remembers.
type journal struct {
	mu   sync.Mutex
	said []string
}

func (j *journal) Observe(v Verdict) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.said = append(j.said, fmt.Sprintf("%s %s %s", v.Node, v.To, v.Reason))
}

func (j *journal) last() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.said) == 0 {
		return ""
	}
	return j.said[len(j.said)-1]
}

func newRoster() (*Roster, *journal) {
	j := &journal{}
	return New(testPolicy, j, slog.New(slog.DiscardHandler)), j
}

func register(t testing.TB, r *Roster, name string, epoch int64) *Node {
	t.Helper()
	n, _, err := r.Register(trackerapi.Node{Name: name, Epoch: epoch, Addr: "10.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func accuse(r *Roster, reporter *Node, peer string, epoch int64, kind trackerapi.Kind) {
	r.Accuse(reporter, []trackerapi.Report{{Peer: peer, Epoch: epoch, Kind: kind}})
}

func wantState(t *testing.T, n *Node, want State) {
	t.Helper()
	if got := n.State(); got != want {
		t.Fatalf("node is %s; want %s", got, want)
	}
}

// ports is a Prober that is told what it finds; at other addresses everything
// is mute. Whatever answers does so within a millisecond.
type ports struct {
	mu     sync.Mutex
	found  map[string]Outcome
	probes int
}

func (p *ports) set(addr string, o Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found[addr] = o
}

func (p *ports) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.probes
}

func (p *ports) Probe(ctx context.Context, addr string) Outcome {
	p.mu.Lock()
	o, set := p.found[addr]
	p.probes++
	p.mu.Unlock()
	wait := time.Millisecond
	if !set || o == Mute {
		o, wait = Mute, 100*time.Millisecond
	}
	select {
	case <-time.After(wait):
		return o
	case <-ctx.Done():
		return Unsure
	}
}

// running runs the test in a bubble, in which the roster scans and no port
// answers.
func running(t *testing.T, test func(*testing.T, *Roster, *journal)) {
	t.Helper()
	probing(t, testPolicy, func(t *testing.T, r *Roster, j *journal, _ *ports) { test(t, r, j) })
}

func probing(t *testing.T, policy Policy, test func(*testing.T, *Roster, *journal, *ports)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		j, p := &journal{}, &ports{found: map[string]Outcome{}}
		r := New(policy, j, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { r.Run(ctx, p) })
		test(t, r, j, p)
		stop()
		wg.Wait()
	})
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestSilenceLeadsFromReadyToPurged(t *testing.T) {
	running(t, func(t *testing.T, r *Roster, j *journal) {
		n := register(t, r, "a", 1)
		pass(2200 * time.Millisecond)
		wantState(t, n, Ready)
		pass(200 * time.Millisecond)
		wantState(t, n, Suspect)
		pass(time.Second)
		wantState(t, n, Dead)
		if got := j.last(); got != "a dead missed_heartbeats" {
			t.Fatalf("the last verdict is %q", got)
		}
		pass(10 * time.Minute)
		wantState(t, n, Purged)
		if r.ByName("a") != nil {
			t.Fatal("a purged node is still known")
		}
		if _, err := r.Hear(trackerapi.Sender{Node: "a", Epoch: 1}); !trackerapi.IsCode(err, trackerapi.CodeUnknownNode) {
			t.Fatalf("a purged node was heard: %v", err)
		}
	})
}

func TestHeartbeatsKeepANodeReady(t *testing.T) {
	running(t, func(t *testing.T, r *Roster, j *journal) {
		n := register(t, r, "a", 1)
		for range 20 {
			pass(1200 * time.Millisecond) // late each time, but never missed
			if _, err := r.Heartbeat(trackerapi.Sender{Node: "a", Epoch: 1}, trackerapi.Load{Uploads: 7}, nil); err != nil {
				t.Fatal(err)
			}
		}
		wantState(t, n, Ready)
		if n.Uploads() != 7 || j.last() != "a ready register" {
			t.Fatalf("%d uploads, last verdict %q", n.Uploads(), j.last())
		}
	})
}

func TestHeartbeatRevives(t *testing.T) {
	running(t, func(t *testing.T, r *Roster, _ *journal) {
		n := register(t, r, "a", 1)
		pass(5 * time.Second)
		wantState(t, n, Dead)
		if _, err := r.Hear(trackerapi.Sender{Node: "a", Epoch: 1}); err != nil {
			t.Fatal(err)
		}
		wantState(t, n, Ready)
	})
}

func TestTrackerThatWasPausedCondemnsNobody(t *testing.T) {
	r, j := newRoster()
	n := register(t, r, "a", 1)
	r.advance(scanPeriod)
	r.advance(time.Minute) // the next scan, but the process had been stopped
	r.scan()
	wantState(t, n, Ready)
	for range 41 { // with the two scans above, 43 × 50 ms: not yet 2.25 s
		r.advance(scanPeriod)
		r.scan()
	}
	wantState(t, n, Ready)
	for range 4 {
		r.advance(scanPeriod)
		r.scan()
	}
	wantState(t, n, Suspect) // lateness puts off, it does not excuse
	if got := j.last(); got != "a suspect missed_heartbeats" {
		t.Fatalf("the last verdict is %q", got)
	}
}

func TestReportIsAboutOneRunOfAKnownNode(t *testing.T) {
	r, j := newRoster()
	n := register(t, r, "a", 5)
	b := register(t, r, "b", 1)
	accuse(r, b, "nobody", 5, trackerapi.KindRefused)
	accuse(r, b, "a", 4, trackerapi.KindRefused)
	accuse(r, b, "a", 6, trackerapi.KindRefused)
	accuse(r, b, "a", 0, trackerapi.KindRefused)
	accuse(r, n, "a", 5, trackerapi.KindRefused)
	wantState(t, n, Ready)
	accuse(r, b, "a", 5, trackerapi.KindRefused)
	wantState(t, n, Suspect)
	wantLast(t, j, "a suspect report_refused")
}

func TestHeartbeatRefutesAReportOnlyWhereNobodyCanLook(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, j *journal, p *ports) {
		a, b := at(t, r, "a", "", 1), at(t, r, "b", "", 1)
		accuse(r, b, "a", 1, trackerapi.KindTimeout)
		pass(50 * time.Millisecond) // of a probe that takes 100
		beat(r, nil, "a")
		wantState(t, a, Suspect)
		pass(51 * time.Millisecond)
		wantState(t, a, Dead)
		p.set("b:1", Unsure)
		accuse(r, a, "b", 1, trackerapi.KindTimeout)
		pass(10 * time.Millisecond)
		wantState(t, b, Suspect)
		beat(r, nil, "b")
		wantLast(t, j, "b ready heartbeat")
	})
}

func TestEpochs(t *testing.T) {
	r, _ := newRoster()
	n := register(t, r, "a", 5)
	for epoch, want := range map[int64]trackerapi.Code{4: trackerapi.CodeStaleEpoch, 6: trackerapi.CodeUnknownNode} {
		if _, err := r.Hear(trackerapi.Sender{Node: "a", Epoch: epoch}); !trackerapi.IsCode(err, want) {
			t.Errorf("heard epoch %d: %v; want %s", epoch, err, want)
		}
	}
	if _, _, err := r.Register(trackerapi.Node{Name: "a", Epoch: 4}); !trackerapi.IsCode(err, trackerapi.CodeStaleEpoch) {
		t.Errorf("registered epoch 4: %v", err)
	}
	if _, newRun, err := r.Register(trackerapi.Node{Name: "a", Epoch: 5}); newRun || err != nil {
		t.Errorf("registered again: %v, %v", newRun, err)
	}
	again, newRun, err := r.Register(trackerapi.Node{Name: "a", Epoch: 7, Addr: "[fd00::1]:2"})
	if again != n || !newRun || err != nil || n.Identity().Addr != "[fd00::1]:2" {
		t.Errorf("the next run: %v, %v, at %s", newRun, err, n.Identity().Addr)
	}
	if err := r.Leave(trackerapi.Sender{Node: "a", Epoch: 5}); !trackerapi.IsCode(err, trackerapi.CodeStaleEpoch) {
		t.Errorf("the earlier run left: %v", err)
	}
	wantState(t, n, Ready)
}

func TestNodeThatLeftComesBackOnlyByRegistering(t *testing.T) {
	running(t, func(t *testing.T, r *Roster, _ *journal) {
		n := register(t, r, "a", 1)
		if err := r.Leave(trackerapi.Sender{Node: "a", Epoch: 1}); err != nil {
			t.Fatal(err)
		}
		wantState(t, n, Draining)
		r.Hear(trackerapi.Sender{Node: "a", Epoch: 1})
		wantState(t, n, Draining)
		pass(4 * time.Second)
		wantState(t, n, Gone)
		register(t, r, "a", 2)
		wantState(t, n, Ready)
	})
}

func TestOrdinalsAreUsedAgainOnlyAfterThePurge(t *testing.T) {
	running(t, func(t *testing.T, r *Roster, _ *journal) {
		register(t, r, "a", 1)
		b := register(t, r, "b", 1)
		r.Leave(trackerapi.Sender{Node: "a", Epoch: 1})
		if c := register(t, r, "c", 1); c.Ordinal() != 2 {
			t.Fatalf("c has ordinal %d", c.Ordinal())
		}
		for range 11 * 60 {
			pass(time.Second)
			r.Hear(trackerapi.Sender{Node: "b", Epoch: 1})
		}
		d, e := register(t, r, "d", 1), register(t, r, "e", 1)
		if d.Ordinal()+e.Ordinal() != 0+2 || r.At(b.Ordinal()) != b {
			t.Fatalf("d has ordinal %d, e has %d", d.Ordinal(), e.Ordinal())
		}
	})
}

func TestRosterIsFullOneDay(t *testing.T) {
	r, _ := newRoster()
	r.size = maxNodes
	if _, _, err := r.Register(trackerapi.Node{Name: "one too many"}); !trackerapi.IsCode(err, trackerapi.CodeUnavailable) {
		t.Fatalf("got %v", err)
	}
}

func TestCountsAreThoseOfTheLastScan(t *testing.T) {
	r, _ := newRoster()
	for i := range 3 * chunkSize / 2 {
		register(t, r, fmt.Sprint(i), 1)
	}
	r.Leave(trackerapi.Sender{Node: "7", Epoch: 1})
	r.scan()
	if r.Count(Ready) != 3*chunkSize/2-1 || r.Count(Draining) != 1 {
		t.Fatalf("%d ready, %d draining", r.Count(Ready), r.Count(Draining))
	}
	if r.At(3*chunkSize) != nil {
		t.Fatal("there is a node beyond the last chunk")
	}
}

// Everything at once, for the race detector; afterwards each node has to be in
// the state that its last evidence puts it in.
func TestManySpeakAtOnce(t *testing.T) {
	r, _ := newRoster()
	var wg sync.WaitGroup
	for i := range 4 {
		name := fmt.Sprint(i)
		register(t, r, name, 1)
		wg.Go(func() {
			for epoch := int64(1); epoch <= 200; epoch++ {
				r.Register(trackerapi.Node{Name: name, Epoch: epoch})
				r.Heartbeat(trackerapi.Sender{Node: name, Epoch: epoch}, trackerapi.Load{}, nil)
				accuse(r, r.ByName(name), fmt.Sprint((i+1)%4), epoch, trackerapi.KindStall)
			}
		})
	}
	wg.Go(func() {
		for range 200 {
			r.advance(scanPeriod)
			r.scan()
		}
	})
	wg.Wait()
	for i := range 4 {
		name := fmt.Sprint(i)
		if s := r.ByName(name).State(); s != Ready && s != Suspect { // the last report may have come last
			t.Fatalf("node is %s", s)
		}
		wantState(t, register(t, r, name, 201), Ready)
	}
}

func BenchmarkHeartbeat(b *testing.B) {
	r, _ := newRoster()
	register(b, r, "node-1", 1)
	from := trackerapi.Sender{Node: "node-1", Epoch: 1}
	b.ReportAllocs()
	for b.Loop() {
		r.now.Add(int64(time.Microsecond))
		r.Heartbeat(from, trackerapi.Load{Uploads: 1}, nil)
	}
}

func BenchmarkScan100000(b *testing.B) {
	r, _ := newRoster()
	for i := range 100_000 {
		register(b, r, fmt.Sprint(i), 1)
	}
	for b.Loop() {
		r.scan()
	}
}
