package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/journal/journaltest/redistest"
	"github.com/drayproject/dray/tracker/journal/redis"
)

// remembering makes a tracker use the memory.
func remembering(url string) func(*Config) {
	return func(c *Config) { c.Redis = url }
}

// run is start with a way to stop the tracker before the test ends.
func run(t *testing.T, url string) (*Tracker, func()) {
	t.Helper()
	cfg := Default()
	cfg.Listen, cfg.AdminListen, cfg.Redis = "127.0.0.1:0", "127.0.0.1:0", url
	tracker, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- tracker.Run(ctx) }()
	return tracker, func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func memoryOf(t *testing.T, tracker *Tracker) string {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+tracker.AdminAddr()+"/readyz", nil)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var ready struct{ Memory string }
	if err := json.NewDecoder(res.Body).Decode(&ready); err != nil {
		t.Fatal(err)
	}
	return ready.Memory
}

// alive keeps nodes alive on some trackers until the test ends.
type alive struct {
	t        *testing.T
	sessions []*node
}

// fleetOn joins nodes to all trackers; node i holds the layers i to i+9.
func fleetOn(t *testing.T, count int, trackers ...*Tracker) *alive {
	t.Helper()
	a := &alive{t: t}
	for i := range count {
		for _, tracker := range trackers {
			n := join(t, tracker, fmt.Sprint("n", i), "")
			n.ctx = context.Background()
			n.announce(trackerapi.AnnounceRequest{Whole: true, Add: layersFrom(i)})
			a.sessions = append(a.sessions, n)
		}
	}
	return a
}

func layersFrom(i int) (all []digest.Digest) {
	for k := range 10 {
		all = append(all, layer(i+k))
	}
	return all
}

// beat sends a heartbeat for each session, which must not fail.
func (a *alive) beat() {
	a.t.Helper()
	for _, n := range a.sessions {
		n.beat()
	}
}

// until goes on with the heartbeats until the condition holds.
func (a *alive) until(what string, condition func() bool) {
	a.t.Helper()
	last := time.Time{}
	redistest.Eventually(a.t, 30*time.Second, what, func() bool {
		if time.Since(last) > 500*time.Millisecond {
			a.beat()
			last = time.Now()
		}
		return condition()
	})
}

// holds compares the memory with the fleet, pair by pair.
func (a *alive) holds(url string, want func(i int) []digest.Digest) bool {
	r, err := redis.New(url, "dray:")
	if err != nil {
		a.t.Fatal(err)
	}
	defer r.Close()
	nodes := map[string][]digest.Digest{}
	for e, err := range r.Load(a.t.Context()) {
		if err != nil || e.Set == nil {
			return false
		}
		nodes[e.Node.Name] = slices.Sorted(slices.Values(e.Set.Digests))
	}
	count := 0
	for i := range len(nodes) {
		if got := nodes[fmt.Sprint("n", i)]; slices.Equal(got, slices.Sorted(slices.Values(want(i)))) {
			count++
		}
	}
	return count > 0 && count == len(nodes) && count == a.count()
}

func (a *alive) count() int {
	names := map[string]bool{}
	for _, n := range a.sessions {
		names[n.Node] = true
	}
	return len(names)
}

func TestTrackersAnswerFromMemoryBeforeAnySeederSpeaks(t *testing.T) {
	url := "redis://" + redistest.Start(t).Addr
	first, stop := run(t, url)
	second, stopSecond := run(t, url)
	fleet := fleetOn(t, 20, first, second)
	fleet.until("the memory is true", func() bool { return fleet.holds(url, layersFrom) })
	stop()
	stopSecond()

	third := start(t, remembering(url))
	asker := &node{Client: trackerapi.NewClient(third.NodeAddr(), http.DefaultClient), t: t, ctx: t.Context()}
	asker.Node = "asker"
	for i := range 20 {
		if got := strings.Fields(asker.finds(layer(i))[0]); len(got) == 0 || len(got) > 4 {
			t.Fatalf("layer %d is held by %v", i, got)
		}
	}
	asker.mustFind(layer(0), "n0")
	if got := memoryOf(t, third); got != "warm" {
		t.Errorf("the memory is %q", got)
	}
	// The nodes' sessions go on as if nothing had been.
	for _, n := range fleet.sessions {
		n.Client = trackerapi.NewClient(third.NodeAddr(), http.DefaultClient)
		if n.beat().Resend {
			t.Fatalf("%s is asked for what is known", n.Node)
		}
	}
}

// trouble runs two trackers and a fleet, does something to Redis, and expects
// that nobody who asks a tracker notices, and that Redis is right soon after.
func trouble(t *testing.T, url string, begin, end func()) {
	t.Helper()
	a, b := start(t, remembering(url)), start(t, remembering(url))
	fleet := fleetOn(t, 20, a, b)
	fleet.until("the memory is true", func() bool { return fleet.holds(url, layersFrom) })

	asker := join(t, a, "n0", "")
	asker.ctx = context.Background()
	begin()
	changed := func(i int) []digest.Digest { return layersFrom(i)[1:] }
	for _, n := range fleet.sessions {
		var i int
		fmt.Sscanf(n.Node, "n%d", &i)
		n.announce(trackerapi.AnnounceRequest{Remove: []digest.Digest{layer(i)}})
	}
	over := time.Now().Add(8 * time.Second)
	fleet.until("time has passed", func() bool {
		for i := 2; i < 20; i++ {
			if asker.finds(layer(i))[0] == "" {
				t.Fatalf("a lookup of layer %d finds nobody", i)
			}
		}
		return time.Now().After(over)
	})
	end()
	fleet.until("the memory is true again", func() bool { return fleet.holds(url, changed) })
	for _, tracker := range []*Tracker{a, b} {
		if dead := tracker.roster.ByName("n7"); !dead.State().Usable() {
			t.Errorf("n7 is %s because of Redis", dead.State())
		}
		fleet.until("the memory is warm", func() bool { return memoryOf(t, tracker) == "warm" })
	}
}

func TestRedisInTrouble(t *testing.T) {
	for name, of := range map[string]func(s *redistest.Server) (begin, end func()){
		"stopped and empty": func(s *redistest.Server) (func(), func()) { return s.Stop, s.Restart },
		"frozen":            func(s *redistest.Server) (func(), func()) { return s.Freeze, s.Thaw },
		"flushed": func(s *redistest.Server) (func(), func()) {
			return func() { s.Do("FLUSHALL") }, func() { s.Do("FLUSHALL") }
		},
		"some keys deleted": func(s *redistest.Server) (func(), func()) {
			return func() {}, func() {
				s.Do("DEL", "dray:version", "dray:trackers")
				for i, kind := range []string{"nodes", "sets", "stamps"} {
					s.Do("DEL", fmt.Sprintf("dray:%s:{%02x}", kind, journal.Shelf(fmt.Sprint("n", i))))
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := redistest.Start(t)
			begin, end := of(s)
			trouble(t, "redis://"+s.Addr, begin, end)
		})
	}
}

func TestPrimaryFailsOver(t *testing.T) {
	g := redistest.StartSentinels(t)
	trouble(t, "redis+sentinel://"+g.Addrs()+"/"+redistest.Master, g.Primary.Stop, func() {})
}

func TestClusterLosesAServer(t *testing.T) {
	c := redistest.StartCluster(t)
	trouble(t, "redis+cluster://"+c.Addrs(), func() { c.PrimaryOf("dray:version").Stop() }, func() {})
}

func TestTrackerRunsWithoutItsRedis(t *testing.T) {
	s := redistest.Start(t)
	s.Freeze()
	tracker := start(t, remembering("redis://"+s.Addr))
	fleet := fleetOn(t, 5, tracker)
	if got := strings.Fields(fleet.sessions[0].finds(layer(9))[0]); len(got) != 4 {
		t.Errorf("a lookup finds %v", got)
	}
	if got := memoryOf(t, tracker); got != "no redis" {
		t.Errorf("the memory is %q", got)
	}
	s.Thaw()
	fleet.until("the memory is true", func() bool { return fleet.holds("redis://"+s.Addr, layersFrom) })
}

func TestWhatOnlyAnOperatorCanMendEndsTheTracker(t *testing.T) {
	s := redistest.Start(t, "--requirepass", "right")
	foreign, lone := redistest.Start(t), redistest.Start(t)
	foreign.Do("SET", "dray:version", "somebody else's")
	for url, want := range map[string]string{
		"redis://:wrong@" + s.Addr:     "WRONGPASS",
		"redis://" + s.Addr:            "NOAUTH",
		"redis://" + foreign.Addr:      "another prefix",
		"redis://:right@h:x":           "port",
		"mysql://:right@" + s.Addr:     "scheme",
		"redis+cluster://" + lone.Addr: "cluster support",
	} {
		cfg := Default()
		cfg.Listen, cfg.AdminListen, cfg.Redis = "127.0.0.1:0", "127.0.0.1:0", url
		tracker, err := New(cfg, slog.New(slog.DiscardHandler))
		if err == nil {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			err = tracker.Run(ctx)
			cancel()
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "right") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
