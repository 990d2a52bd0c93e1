package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

const patience = 20 * time.Second

// start runs a tracker on loopback until the test ends.
func start(t *testing.T, change func(*Config)) *Tracker {
	t.Helper()
	cfg := Default()
	cfg.Listen, cfg.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	if change != nil {
		change(&cfg)
	}
	tracker, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- tracker.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return tracker
}

// node is a seeder as the tracker sees it.
type node struct {
	*trackerapi.Client
	trackerapi.Sender
	t    *testing.T
	ctx  context.Context
	seq  uint64
	hash trackerapi.SetHash

	transport *http.Transport
	data      *httptest.Server // its data port
	mute      *atomic.Bool     // which does not answer
	interval  time.Duration
}

func join(t *testing.T, tracker *Tracker, name, zone string) *node {
	t.Helper()
	return joinAt(t, tracker.NodeAddr(), name, zone)
}

func joinAt(t *testing.T, addr, name, zone string) *node {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	n := &node{
		Client: trackerapi.NewClient(addr, &http.Client{Transport: transport}),
		Sender: trackerapi.Sender{Node: name, Epoch: 1}, t: t, ctx: ctx,
		transport: transport, mute: new(atomic.Bool),
	}
	n.data = httptest.NewServer(http.HandlerFunc(n.mutePort))
	t.Cleanup(n.data.Close)
	n.register(zone)
	return n
}

// port is that of the data port, as in ":5002".
func (n *node) port() string {
	return fmt.Sprintf(":%d", n.data.Listener.Addr().(*net.TCPAddr).Port)
}

func (n *node) register(zone string) {
	n.t.Helper()
	resp, err := n.Register(n.ctx, trackerapi.RegisterRequest{
		Node: trackerapi.Node{Name: n.Node, Epoch: n.Epoch, Addr: "[::]" + n.port(), Zone: zone},
	})
	if err != nil || resp.IntervalMS < 1 {
		n.t.Fatalf("register: %+v, %v", resp, err)
	}
	n.interval = time.Duration(resp.IntervalMS) * time.Millisecond
}

// mutePort is a data port that can stop answering.
func (n *node) mutePort(w http.ResponseWriter, r *http.Request) {
	if n.mute.Load() {
		<-r.Context().Done()
		return
	}
	http.NotFound(w, r)
}

// announce sends changes, or the whole set, with the right hash.
func (n *node) announce(m trackerapi.AnnounceRequest) (resend bool) {
	n.t.Helper()
	if m.Whole {
		n.hash = 0
	}
	for _, d := range slices.Concat(m.Add, m.Remove) {
		n.hash.Digest(d)
	}
	for _, i := range m.Images {
		n.hash.Image(i)
	}
	m.Sender, m.From, m.Seq, m.SetHash = n.Sender, n.seq, n.seq+1, uint64(n.hash)
	n.seq++
	resp, err := n.Announce(n.ctx, m)
	if err != nil {
		n.t.Fatal(err)
	}
	return resp.Resend
}

func (n *node) beat() trackerapi.HeartbeatResponse {
	n.t.Helper()
	resp, err := n.Heartbeat(n.ctx, trackerapi.HeartbeatRequest{Sender: n.Sender, Seq: n.seq, SetHash: uint64(n.hash)})
	if err != nil {
		n.t.Fatal(err)
	}
	return resp
}

// finds says whom the tracker hands out for each digest.
func (n *node) finds(digests ...digest.Digest) (who []string) {
	n.t.Helper()
	resp, err := n.Lookup(n.ctx, trackerapi.LookupRequest{Node: n.Node, Digests: digests})
	if err != nil {
		n.t.Fatal(err)
	}
	for _, handout := range resp.Handouts {
		var names []string
		for _, h := range handout {
			names = append(names, h.Node)
		}
		who = append(who, strings.Join(names, " "))
	}
	return who
}

func (n *node) mustFind(d digest.Digest, want string) {
	n.t.Helper()
	if got := n.finds(d); got[0] != want {
		n.t.Fatalf("%s is given %q; want %q", n.Node, got[0], want)
	}
}

func (n *node) says(kind trackerapi.Kind, peer *node, d digest.Digest) {
	n.t.Helper()
	_, err := n.Report(n.ctx, trackerapi.ReportRequest{Sender: n.Sender, Reports: []trackerapi.Report{
		{Peer: peer.Node, Epoch: peer.Epoch, Kind: kind, Digest: d},
	}})
	if err != nil {
		n.t.Fatal(err)
	}
}

func layer(i int) digest.Digest { return digest.FromString(fmt.Sprint("layer ", i)) }

func TestConversation(t *testing.T) {
	tracker := start(t, nil)
	a, b, c := join(t, tracker, "a", "east"), join(t, tracker, "b", "west"), join(t, tracker, "c", "west")
	image := trackerapi.Image{Name: "docker.io/library/redis:7", Digest: layer(1), UpdatedAt: time.UnixMilli(7).UTC()}

	if !a.beat().Resend {
		t.Fatal("a node that has announced nothing was not asked to")
	}
	if a.announce(trackerapi.AnnounceRequest{Whole: true, Add: []digest.Digest{layer(1), layer(2)}, Images: []trackerapi.Image{image}}) {
		t.Fatal("the whole set was not enough")
	}
	if got := b.finds(layer(1), layer(9), layer(2)); !slices.Equal(got, []string{"a", "", "a"}) {
		t.Fatalf("b is given %q", got)
	}
	a.mustFind(layer(1), "")

	b.announce(trackerapi.AnnounceRequest{Whole: true})
	if b.announce(trackerapi.AnnounceRequest{Add: []digest.Digest{layer(1)}}) || b.beat().Resend {
		t.Fatal("a change was not taken")
	}
	c.mustFind(layer(1), "b a")
	b.announce(trackerapi.AnnounceRequest{Remove: []digest.Digest{layer(1)}})
	c.mustFind(layer(1), "a")

	resolved, err := c.Resolve(c.ctx, trackerapi.ResolveRequest{Node: "c", Names: []string{"unknown", image.Name}})
	if err != nil || resolved.Images[0] != (trackerapi.Image{Name: "unknown"}) || resolved.Images[1] != image {
		t.Fatalf("resolved %+v, %v", resolved, err)
	}

	if _, err := a.Leave(a.ctx, trackerapi.LeaveRequest{Sender: a.Sender}); err != nil {
		t.Fatal(err)
	}
	c.mustFind(layer(1), "")
	a.beat()
	c.mustFind(layer(1), "")
}

func TestHandoutSaysWhereToGo(t *testing.T) {
	tracker := start(t, nil)
	a, b := join(t, tracker, "a", "east"), join(t, tracker, "b", "west")
	a.announce(trackerapi.AnnounceRequest{Whole: true, Add: []digest.Digest{layer(1)}})
	got, err := b.Lookup(b.ctx, trackerapi.LookupRequest{Node: "b", Digests: []digest.Digest{layer(1)}})
	want := trackerapi.Handout{{Node: "a", Epoch: 1, Addr: "127.0.0.1" + a.port(), Zone: "east"}}
	if err != nil || !slices.Equal(got.Handouts[0], want) {
		t.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestDriftIsMended(t *testing.T) {
	a := join(t, start(t, nil), "a", "")
	a.announce(trackerapi.AnnounceRequest{Whole: true, Add: []digest.Digest{layer(1)}})
	a.hash.Digest(layer(2)) // a change that never came to be sent
	if !a.beat().Resend {
		t.Fatal("the heartbeat's hash was not compared")
	}
	a.seq++ // one that was sent and lost
	if !a.announce(trackerapi.AnnounceRequest{Add: []digest.Digest{layer(3)}}) {
		t.Fatal("the gap was not noticed")
	}
	if a.announce(trackerapi.AnnounceRequest{Whole: true, Add: []digest.Digest{layer(1), layer(2), layer(3)}}) || a.beat().Resend {
		t.Fatal("the whole set did not mend it")
	}
}

func TestReports(t *testing.T) {
	tracker := start(t, nil)
	a, b, c := join(t, tracker, "a", ""), join(t, tracker, "b", ""), join(t, tracker, "c", "")
	both := []digest.Digest{layer(1), layer(2)}
	a.announce(trackerapi.AnnounceRequest{Whole: true, Add: both})
	b.announce(trackerapi.AnnounceRequest{Whole: true, Add: both})

	a.says(trackerapi.KindMiss, a, layer(1))
	a.says(trackerapi.KindMiss, b, layer(1))
	c.mustFind(layer(1), "a") // who speaks about itself is not heard
	b.announce(trackerapi.AnnounceRequest{Whole: true, Add: both})

	c.says(trackerapi.KindStall, a, layer(1))
	c.mustFind(layer(2), "b a") // suspect; and if it has answered meanwhile, c had trouble with it

	c.says(trackerapi.KindCorrupt, b, layer(1))
	c.mustFind(layer(1), "a")
	if got := b.beat().Verify; !slices.Equal(got, []digest.Digest{layer(1)}) {
		t.Fatalf("b is asked to verify %v", got)
	}
	b.announce(trackerapi.AnnounceRequest{Verified: []digest.Digest{layer(1)}})
	c.mustFind(layer(1), "b a")

	c.says(trackerapi.KindMiss, b, layer(2))
	c.mustFind(layer(2), "a")
	if !b.beat().Resend {
		t.Fatal("b is not asked for what it really has")
	}
	b.announce(trackerapi.AnnounceRequest{Whole: true, Add: both})
	c.mustFind(layer(2), "b a")
}

func TestNextRunOfANode(t *testing.T) {
	tracker := start(t, nil)
	a, b := join(t, tracker, "a", ""), join(t, tracker, "b", "")
	a.announce(trackerapi.AnnounceRequest{Whole: true, Add: []digest.Digest{layer(1)}})
	earlier := *a
	a.Epoch = 2
	a.register("")
	b.mustFind(layer(1), "a") // its disk is as before
	if !a.beat().Resend {
		t.Fatal("the new run is not asked for its inventory")
	}
	if _, err := earlier.Leave(a.ctx, trackerapi.LeaveRequest{Sender: earlier.Sender}); !trackerapi.IsCode(err, trackerapi.CodeStaleEpoch) {
		t.Fatalf("the earlier run could leave: %v", err)
	}
	b.says(trackerapi.KindCorrupt, &earlier, layer(1))
	b.mustFind(layer(1), "a")
}

func TestSilentNodeLeavesTheAnswersAndIsForgotten(t *testing.T) {
	tracker := start(t, func(c *Config) { c.HeartbeatInterval, c.PurgeAfter = 500*time.Millisecond, 2*time.Second })
	a, b := join(t, tracker, "a", ""), join(t, tracker, "b", "")
	a.announce(trackerapi.AnnounceRequest{Whole: true, Add: []digest.Digest{layer(1)}})
	b.mustFind(layer(1), "a")
	eventually(t, func() bool { return b.finds(layer(1))[0] == "" })
	eventually(t, func() bool { // an earlier run's message tells, and is no sign of life
		_, err := a.Leave(a.ctx, trackerapi.LeaveRequest{Sender: trackerapi.Sender{Node: "a", Epoch: 0}})
		return trackerapi.IsCode(err, trackerapi.CodeUnknownNode)
	})
	c, d := join(t, tracker, "c", ""), join(t, tracker, "d", "")
	c.mustFind(layer(1), "") // one of them has a's ordinal now,
	d.mustFind(layer(1), "") // and nobody what a had
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			t.Fatal("never happened")
		}
		<-time.After(20 * time.Millisecond)
	}
}

func TestManyNodesAtOnce(t *testing.T) {
	tracker := start(t, nil)
	var wg sync.WaitGroup
	for i := range 8 {
		n := join(t, tracker, fmt.Sprint(i), fmt.Sprint(i%2))
		wg.Go(func() {
			n.announce(trackerapi.AnnounceRequest{Whole: true, Add: []digest.Digest{layer(0)}})
			for round := 1; round <= 30; round++ {
				if n.announce(trackerapi.AnnounceRequest{Add: []digest.Digest{layer(round)}}) || n.beat().Resend {
					t.Errorf("node %s is out of step in round %d", n.Node, round)
					return
				}
				n.says(trackerapi.KindTimeout, n, layer(round))
				n.finds(layer(round), layer(0))
			}
		})
	}
	wg.Wait()
	z := join(t, tracker, "z", "0")
	got, err := z.Lookup(z.ctx, trackerapi.LookupRequest{Node: "z", Digests: []digest.Digest{layer(30)}, Limit: 16})
	if err != nil || len(got.Handouts[0]) != 8 {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestOperatorsSeeHowItIs(t *testing.T) {
	tracker := start(t, nil)
	join(t, tracker, "a", "")
	get := func(path string) string {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+tracker.AdminAddr()+path, nil)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
		}
		return string(b)
	}
	eventually(t, func() bool {
		var ready struct {
			Status string
			Nodes  map[string]int
		}
		err := json.Unmarshal([]byte(get("/readyz")), &ready)
		return err == nil && ready.Status == "ready" && ready.Nodes["ready"] == 1
	})
	metrics := get("/metrics")
	for _, want := range []string{
		`dray_tracker_requests_total{code="ok",verb="register"} 1`,
		`dray_tracker_nodes{state="ready"} 1`,
		`dray_tracker_request_duration_seconds_count{verb="register"} 1`,
		"go_goroutines", "process_cpu_seconds_total",
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
}

func TestStopReleasesBothAddresses(t *testing.T) {
	cfg := Default()
	cfg.Listen, cfg.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	for range 2 { // the second time on the addresses of the first
		tracker, err := New(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := tracker.Run(ctx); err != nil {
			t.Fatal(err)
		}
		cfg.Listen, cfg.AdminListen = tracker.NodeAddr(), tracker.AdminAddr()
	}
}

func TestWhatCannotWorkIsRefused(t *testing.T) {
	taken := start(t, nil)
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"interval":   {func(c *Config) { c.HeartbeatInterval = time.Millisecond }, "heartbeat-interval"},
		"order":      {func(c *Config) { c.SuspectAfter = 4 }, "dead-after"},
		"purge":      {func(c *Config) { c.PurgeAfter = time.Second }, "purge-after"},
		"probe":      {func(c *Config) { c.ProbeTimeout = 2 * time.Second }, "probe-timeout"},
		"percentage": {func(c *Config) { c.MinArrival = 101 }, "min-arrival"},
		"no clients": {func(c *Config) { c.MaxConns = 0 }, "max-conns"},
		"listen":     {func(c *Config) { c.Listen = taken.NodeAddr() }, "listen"},
		"admin":      {func(c *Config) { c.AdminListen = "nowhere" }, "admin-listen"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := Default()
			cfg.Listen, cfg.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
			c.change(&cfg)
			if _, err := New(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v; want an error about %s", err, c.want)
			}
		})
	}
}
