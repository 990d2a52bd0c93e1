package metrics

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/seeder/app"
	"github.com/drayproject/dray/seeder/puller"
	tracker "github.com/drayproject/dray/tracker/app"
	"github.com/drayproject/dray/tracker/journal/journaltest/redistest"
)

const patience = 60 * time.Second

// served are the metrics of a cluster.
func served(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	tr, seeders := cluster(t)
	addrs := []string{tr.AdminAddr()}
	for _, s := range seeders {
		addrs = append(addrs, s.MetricsAddr())
	}
	all := map[string]*dto.MetricFamily{}
	for _, addr := range addrs {
		for name, family := range scrape(t, addr) {
			if strings.HasPrefix(name, "dray_") {
				all[name] = family
			}
		}
	}
	return all
}

// cluster is a tracker with Redis and two seeders, n0 and n1, that have pulled
// an image: one from a registry, the other from its neighbour.
func cluster(t *testing.T) (*tracker.Tracker, []*app.App) {
	t.Helper()
	cfg := tracker.Default()
	cfg.Listen, cfg.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.Redis = "redis://" + redistest.Start(t).Addr
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
	name := strings.TrimPrefix(registry.URL, "http://") + "/library/app:1"
	var seeders []*app.App
	for _, node := range []string{"n0", "n1"} {
		s := seeder(t, node, tr.NodeAddr())
		pull(t, s.MirrorAddr(), name)
		seeders = append(seeders, s)
	}
	return tr, seeders
}

func seeder(t *testing.T, name, tracker string) *app.App {
	t.Helper()
	cfg := app.Default()
	cfg.NodeName, cfg.Trackers = name, []string{tracker}
	cfg.MirrorListen, cfg.PeerListen, cfg.MetricsListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Store, cfg.EmbeddedRoot = "embedded", t.TempDir()
	s, err := app.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	run(t, s.Run)
	return s
}

func pull(t *testing.T, mirror, image string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := puller.Ask(ctx, mirror, puller.Request{Image: image}, func(puller.Event) {}); err != nil {
		t.Fatal(err)
	}
}

func scrape(t *testing.T, addr string) map[string]*dto.MetricFamily {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// run runs something until the test ends.
func run(t *testing.T, do func(context.Context) error) {
	t.Helper()
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
