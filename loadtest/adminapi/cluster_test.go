package adminapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/seeder/app"
	"github.com/drayproject/dray/seeder/puller"
	"github.com/drayproject/dray/shared/trackerapi"
	tracker "github.com/drayproject/dray/tracker/app"
)

const (
	patience = 60 * time.Second
	token    = "a token for this test"
)

// cluster is a tracker and three seeders, n0 in zone a and n1 and n2 in zone b;
// n0 and n1 have pulled an image, n0 from a registry.
type cluster struct {
	tracker *tracker.Tracker
	image   string
	parts   []imagekit.Part
}

func newCluster(t *testing.T) *cluster {
	cfg := tracker.Default()
	cfg.Listen, cfg.AdminListen, cfg.AdminToken = "127.0.0.1:0", "127.0.0.1:0", token
	tr, err := tracker.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	run(t, tr.Run)
	image, err := imagekit.Build(t.TempDir(), imagekit.Spec{Seed: 1, Layers: []int64{64 << 10, 32 << 10}})
	if err != nil {
		t.Fatal(err)
	}
	registry := httptest.NewServer(imagekit.Handler(map[string]*imagekit.Image{"library/app:1": image}))
	t.Cleanup(registry.Close)
	c := &cluster{tr, strings.TrimPrefix(registry.URL, "http://") + "/library/app:1", image.Parts}
	for name, zone := range map[string]string{"n0": "a", "n1": "b", "n2": "b"} {
		mirror := c.seeder(t, name, zone)
		if name != "n2" {
			c.pull(t, mirror)
		}
	}
	return c
}

func (c *cluster) seeder(t *testing.T, name, zone string) (mirror string) {
	cfg := app.Default()
	cfg.NodeName, cfg.Zone, cfg.Labels = name, zone, map[string]string{"rack": name}
	cfg.Trackers = []string{c.tracker.NodeAddr()}
	cfg.MirrorListen, cfg.PeerListen, cfg.MetricsListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Store, cfg.EmbeddedRoot = "embedded", t.TempDir()
	s, err := app.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	run(t, s.Run)
	return s.MirrorAddr()
}

func (c *cluster) pull(t *testing.T, mirror string) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := puller.Ask(ctx, mirror, puller.Request{Image: c.image}, func(puller.Event) {}); err != nil {
		t.Fatal(err)
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

// tell registers n3, which is no seeder, and speaks of its pulls: one that is
// over and one that goes on. Its data port is another's, so that it is found
// alive.
func (c *cluster) tell(t *testing.T, addr string, over, running digest.Digest) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client := trackerapi.NewClient(c.tracker.NodeAddr(), &http.Client{Transport: &http.Transport{}})
	n3 := trackerapi.Sender{Node: "n3", Epoch: 1}
	if _, err := client.Register(ctx, trackerapi.RegisterRequest{Node: trackerapi.Node{Name: n3.Node, Epoch: n3.Epoch, Addr: addr, Zone: "a"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Progress(ctx, trackerapi.ProgressRequest{Sender: n3, Ingests: []trackerapi.Ingest{
		{Digest: over, Offset: 10, Size: 20, Parent: "n1", Ended: true},
		{Digest: running, Offset: 5, Size: 20, Parent: "n0", Rate: 3},
	}}); err != nil {
		t.Fatal(err)
	}
}
