package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	seeder "github.com/drayproject/dray/seeder/app"
	tracker "github.com/drayproject/dray/tracker/app"

	"github.com/drayproject/dray/loadtest/figures"
)

// loneDeadline bounds one request, and the wait until the seeder has its tracker.
const loneDeadline = 30 * time.Second

// BenchmarkLonePuller is what joining costs a node that asks for what nobody else
// wants or has: the time to the mirror's 404, with one tracker, everything in this
// process and on loopback. Wanted: p99 of at most 5 ms.
func BenchmarkLonePuller(b *testing.B) {
	s := loneSeeder(b)
	s.awaitTracker(b)
	before := s.leases(b)
	var times []float64
	for b.Loop() {
		times = append(times, s.askForNew(b).Seconds()*1000)
	}
	if leases := s.leases(b) - before; leases < len(times)*99/100 {
		b.Errorf("%d of %d requests were not answered by the tracker: this measures something else", len(times)-leases, len(times))
	}
	b.ReportMetric(figures.Quantile(times, 0.5), "p50-ms")
	b.ReportMetric(figures.Quantile(times, 0.99), "p99-ms")
}

type loneNode struct{ *seeder.App }

func loneSeeder(b *testing.B) *loneNode {
	b.Helper()
	quiet := slog.New(slog.DiscardHandler)
	tc := tracker.Default()
	tc.Listen, tc.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	t, err := tracker.New(tc, quiet)
	if err != nil {
		b.Fatal(err)
	}
	runWhile(b, t.Run)
	sc := seeder.Default()
	sc.NodeName, sc.Trackers = "lone", []string{t.NodeAddr()}
	sc.MirrorListen, sc.PeerListen, sc.MetricsListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	sc.Store, sc.EmbeddedRoot = "embedded", b.TempDir()
	s, err := seeder.New(b.Context(), sc, quiet)
	if err != nil {
		b.Fatal(err)
	}
	runWhile(b, s.Run)
	return &loneNode{s}
}

func runWhile(b *testing.B, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
}

// askForNew asks the mirror for a digest that was never seen before.
func (s *loneNode) askForNew(b *testing.B) time.Duration {
	b.Helper()
	d := digest.FromString(rand.Text())
	began := time.Now()
	if status, body := get(b, "http://"+s.MirrorAddr()+"/v2/app/blobs/"+d.String()+"?ns=registry.test"); status != http.StatusNotFound {
		b.Fatalf("got %d %s", status, body)
	}
	return time.Since(began)
}

func (s *loneNode) awaitTracker(b *testing.B) {
	b.Helper()
	for end := time.Now().Add(loneDeadline); s.leases(b) == 0; s.askForNew(b) {
		if time.Now().After(end) {
			b.Fatal("no join was answered")
		}
	}
}

// leases is how many joins have ended with one.
func (s *loneNode) leases(b *testing.B) (n int) {
	b.Helper()
	_, body := get(b, "http://"+s.MetricsAddr()+"/metrics")
	if _, rest, found := strings.Cut(body, "dray_seeder_joins_total{result=\"lease\"} "); found {
		_, _ = fmt.Sscan(rest, &n)
	}
	return n
}

func get(b *testing.B, url string) (int, string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), loneDeadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.Fatal(err)
	}
	return res.StatusCode, string(body)
}
