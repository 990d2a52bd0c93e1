package dashboard

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/seeder/app"
	"github.com/drayproject/dray/seeder/puller"
	"github.com/drayproject/dray/shared/trackerapi"
	tracker "github.com/drayproject/dray/tracker/app"
)

const (
	patience = 90 * time.Second
	token    = "a token for this test"
)

// cluster is a tracker, a registry whose largest layer stops half way until it
// is let go, and seeders.
type cluster struct {
	t       *testing.T
	tracker *tracker.Tracker
	image   string
	layer   string // digest of the one that stops
	letGo   func()
	pulls   sync.WaitGroup
}

func newCluster(t *testing.T) *cluster {
	cfg := tracker.Default()
	cfg.Listen, cfg.AdminListen, cfg.AdminToken = "127.0.0.1:0", "127.0.0.1:0", token
	tr, err := tracker.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	run(t, tr.Run)
	image, err := imagekit.Build(t.TempDir(), imagekit.Spec{Seed: 7, Layers: []int64{256 << 10, 8 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, tracker: tr}
	for _, part := range image.Parts {
		if part.Size >= 8<<20 {
			c.layer = string(part.Digest)
		}
	}
	open := make(chan struct{})
	c.letGo = sync.OnceFunc(func() { close(open) })
	kit := imagekit.Handler(map[string]*imagekit.Image{"library/app:1": image})
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, c.layer) && r.Method == http.MethodGet {
			from := 0 // who has lost patience asks for the rest, and gets no further
			_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
			w = &halting{ResponseWriter: w, left: 4<<20 - from, open: open, ended: r.Context().Done()}
		}
		kit.ServeHTTP(w, r)
	}))
	t.Cleanup(registry.Close)
	t.Cleanup(c.pulls.Wait)
	t.Cleanup(c.letGo)
	c.image = strings.TrimPrefix(registry.URL, "http://") + "/library/app:1"
	return c
}

// halting stops a body until it may go on.
type halting struct {
	http.ResponseWriter
	left  int
	open  <-chan struct{}
	ended <-chan struct{}
}

func (h *halting) Write(p []byte) (int, error) {
	if h.left -= len(p); h.left < 0 {
		_ = http.NewResponseController(h.ResponseWriter).Flush()
		select {
		case <-h.open:
		case <-h.ended:
		}
	}
	return h.ResponseWriter.Write(p)
}

// seeder starts a node.
func (c *cluster) seeder(name, zone string) (mirror string) {
	cfg := app.Default()
	cfg.NodeName, cfg.Zone, cfg.Labels = name, zone, map[string]string{"rack": name}
	cfg.Trackers = []string{c.tracker.NodeAddr()}
	cfg.MirrorListen, cfg.PeerListen, cfg.MetricsListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Store, cfg.EmbeddedRoot = "embedded", c.t.TempDir()
	s, err := app.New(c.t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		c.t.Fatal(err)
	}
	run(c.t, s.Run)
	return s.MirrorAddr()
}

// pull begins to pull the image into a node.
func (c *cluster) pull(mirror string) {
	c.pulls.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.t.Context()), patience)
		defer cancel()
		if err := puller.Ask(ctx, mirror, puller.Request{Image: c.image}, func(puller.Event) {}); err != nil {
			c.t.Error(err)
		}
	})
}

// extra is a node that only lives: it has a data port and a heartbeat. kill
// closes both, as the kernel does when a process dies.
func (c *cluster) extra(name, zone string) (kill func()) {
	data := httptest.NewServer(http.NotFoundHandler())
	transport := &http.Transport{}
	client := trackerapi.NewClient(c.tracker.NodeAddr(), &http.Client{Transport: transport})
	me := trackerapi.Sender{Node: name, Epoch: 1}
	ctx, stop := context.WithCancel(context.WithoutCancel(c.t.Context()))
	if _, err := client.Register(ctx, trackerapi.RegisterRequest{Node: trackerapi.Node{
		Name: name, Epoch: 1, Zone: zone, Addr: strings.TrimPrefix(data.URL, "http://"), Labels: map[string]string{"<b>note</b>": `"><script>alert(1)</script>`},
	}}); err != nil {
		c.t.Fatal(err)
	}
	var beats sync.WaitGroup
	beats.Go(func() {
		for tick := time.NewTicker(500 * time.Millisecond); ; {
			_, _ = client.Heartbeat(ctx, trackerapi.HeartbeatRequest{Sender: me}) // it may be too late: then the next one counts
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	})
	kill = sync.OnceFunc(func() {
		data.Close()
		stop()
		beats.Wait()
		transport.CloseIdleConnections()
	})
	c.t.Cleanup(kill)
	return kill
}

func (c *cluster) extras(n int) {
	for i := range n {
		c.extra(fmt.Sprintf("edge-%02d", i), string(rune('a'+i%3)))
	}
}

// register makes nodes that have a name and nothing else.
func (c *cluster) register(n int) {
	client := trackerapi.NewClient(c.tracker.NodeAddr(), &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}})
	for i := range n {
		node := trackerapi.Node{Name: fmt.Sprintf("many-%05d", i), Epoch: 1, Zone: string(rune('a' + i%3)), Addr: fmt.Sprintf("127.1.%d.%d:1", i/250, i%250+1)}
		if _, err := client.Register(c.t.Context(), trackerapi.RegisterRequest{Node: node}); err != nil {
			c.t.Fatal(err)
		}
	}
}

// run runs something until the test ends.
func run(t *testing.T, do func(context.Context) error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- do(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
