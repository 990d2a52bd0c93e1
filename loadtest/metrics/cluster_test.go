package metrics

import (
	"context"
	"net/http"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/drayproject/dray/loadtest/embedded"
	"github.com/drayproject/dray/seeder/app"
	tracker "github.com/drayproject/dray/tracker/app"
	"github.com/drayproject/dray/tracker/journal/journaltest/redistest"
)

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
	c := embedded.New(t, func(cfg *tracker.Config) { cfg.Redis = "redis://" + redistest.Start(t).Addr })
	name := embedded.Registry(t, embedded.Image(t, 1, 64<<10, 32<<10), embedded.Plainly)
	var seeders []*app.App
	for _, node := range []string{"n0", "n1"} {
		s := c.Seeder(node, func(*app.Config) {})
		c.Pull(s, name)
		seeders = append(seeders, s)
	}
	return c.Tracker, seeders
}

func scrape(t *testing.T, addr string) map[string]*dto.MetricFamily {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), embedded.Patience)
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
