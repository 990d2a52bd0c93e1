package tracing

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/embedded"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	seeder "github.com/drayproject/dray/seeder/app"
	"github.com/drayproject/dray/shared/tracing/tracingtest"
	tracker "github.com/drayproject/dray/tracker/app"
)

const layer = 2 << 20 // bytes; more than is fetched whole before it is passed on

// traced is a cluster that tells a collector, with an image in n0.
func traced(t *testing.T, endpoint string, log *slog.Logger) (c *embedded.Cluster, image string, blob imagekit.Part) {
	c = embedded.New(t, func(cfg *tracker.Config) { cfg.TraceEndpoint = endpoint })
	c.Log = log
	made := embedded.Image(t, 1, layer)
	at := slices.IndexFunc(made.Parts, func(p imagekit.Part) bool { return p.Size >= layer })
	image = embedded.Registry(t, made, embedded.Plainly)
	c.Pull(c.Seeder("n0", sendTo(endpoint)), image)
	return c, image, made.Parts[at]
}

func sendTo(endpoint string) func(*seeder.Config) {
	return func(cfg *seeder.Config) { cfg.TraceEndpoint = endpoint }
}

// find waits for a span that is as wanted.
func find(t *testing.T, r *tracingtest.Receiver, what string, wanted func(tracingtest.Span) bool) tracingtest.Span {
	t.Helper()
	for end := time.Now().Add(embedded.Patience); time.Now().Before(end); <-time.After(10 * time.Millisecond) {
		if all := r.Spans(); slices.ContainsFunc(all, wanted) {
			return all[slices.IndexFunc(all, wanted)]
		}
	}
	for _, s := range r.Spans() {
		t.Logf("%+v", s)
	}
	t.Fatalf("there is no span of %s", what)
	return tracingtest.Span{}
}

func TestAPullFromANeighbourIsOneTrace(t *testing.T) {
	r := tracingtest.Start(t)
	c, image, blob := traced(t, r.URL, slog.New(slog.DiscardHandler))
	c.Pull(c.Seeder("n1", sendTo(r.URL)), image)

	of := func(node, name string) func(tracingtest.Span) bool {
		return func(s tracingtest.Span) bool {
			path, _ := s.Attrs["url.path"].(string)
			return s.Node == node && s.Name == name && !s.Client && s.Parent == "" && strings.HasSuffix(path, string(blob.Digest))
		}
	}
	const get = "GET /v2/{name}/blobs/{digest}"
	mirror := find(t, r, "the mirror of n1", of("n1", get))
	under := func(parent tracingtest.Span, service, name string) func(tracingtest.Span) bool {
		return func(s tracingtest.Span) bool {
			return s.Parent == parent.ID && s.Trace == parent.Trace && s.Service == service && s.Name == name
		}
	}
	join := find(t, r, "its question to the tracker", under(mirror, "dray-seeder", "POST /v1/join"))
	find(t, r, "the tracker's answer", under(join, "dray-tracker", "POST /v1/join"))
	fetch := find(t, r, "its request to n0", under(mirror, "dray-seeder", get))
	peer := find(t, r, "n0's answer", under(fetch, "dray-seeder", get))

	origin := find(t, r, "how n0 got it", of("n0", get))
	if peer.Node != "n0" || !slices.Equal(peer.Links, []string{origin.ID}) || origin.Trace == mirror.Trace {
		t.Errorf("n0's answer is %+v, and it got it by %+v", peer, origin)
	}
	says(t, "the mirror", mirror, map[string]any{
		"dray.digest": string(blob.Digest), "dray.source": "peer", "dray.bytes": blob.Size, "dray.offset": int64(0), "dray.repository": "library/app",
		"dray.sources": []string{"n0=" + strconv.FormatInt(blob.Size, 10)}, "dray.parents": []string{"n0"}, "http.response.status_code": int64(http.StatusOK),
	})
	says(t, "the request", fetch, map[string]any{"dray.peer": "n0", "dray.digest": string(blob.Digest), "dray.bytes": blob.Size, "dray.offset": int64(0)})
	says(t, "how n0 got it", origin, map[string]any{"dray.source": "miss", "dray.lease": true, "http.response.status_code": int64(http.StatusNotFound)})
	if origin.Failed || mirror.Failed || fetch.Failed {
		t.Errorf("nothing has failed: %+v %+v %+v", origin, mirror, fetch)
	}
}

func says(t *testing.T, what string, s tracingtest.Span, want map[string]any) {
	t.Helper()
	for key, value := range want {
		got := s.Attrs[key]
		if list, ok := value.([]string); ok {
			if said, _ := got.([]string); !slices.Equal(said, list) {
				t.Errorf("%s: %s is %v, want %v", what, key, got, list)
			}
		} else if got != value {
			t.Errorf("%s: %s is %v, want %v", what, key, got, value)
		}
	}
}

// log is read while it is written.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) count(words string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), words)
}

func TestPullsDoNotWaitForACollectorThatNeverAnswers(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "5")
	var asked sync.Once
	busy, release := make(chan struct{}), make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked.Do(func() { close(busy) })
		<-release
	}))
	t.Cleanup(silent.Close)
	t.Cleanup(func() { close(release) }) // after the seeders have stopped
	t.Run("pull", func(t *testing.T) {
		c, image, _ := traced(t, silent.URL, slog.New(slog.DiscardHandler))
		<-busy
		c.Pull(c.Seeder("n1", sendTo(silent.URL)), image)
	})
}

func TestAWrongEndpointIsOneWarning(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "5")
	const nobody = "http://127.0.0.1:1"
	seen := new(log)
	t.Run("pull", func(t *testing.T) {
		c, image, _ := traced(t, nobody, slog.New(slog.NewTextHandler(seen, nil)))
		c.Pull(c.Seeder("n1", func(*seeder.Config) {}), image)
	})
	if got := seen.count("spans are lost"); got != 1 {
		t.Errorf("%d warnings:\n%s", got, seen.b.String())
	}
}

// BenchmarkHit is a blob of this node, asked of its mirror: without tracing, with
// every request traced, and with one in a thousand.
func BenchmarkHit(b *testing.B) {
	for _, c := range []struct {
		name  string
		ratio float64
	}{{"off", -1}, {"all", 1}, {"some", 0.001}} {
		b.Run(c.name, func(b *testing.B) { benchmarkHit(b, c.ratio) })
	}
}

func benchmarkHit(b *testing.B, ratio float64) {
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	b.Cleanup(sink.Close)
	c := embedded.New(b, func(*tracker.Config) {})
	image := embedded.Image(b, 1, 4<<10)
	s := c.Seeder("n0", func(cfg *seeder.Config) {
		if ratio >= 0 {
			cfg.TraceEndpoint, cfg.TraceRatio = sink.URL, ratio
		}
	})
	c.Pull(s, embedded.Registry(b, image, embedded.Plainly))
	url := "http://" + s.MirrorAddr() + "/v2/library/app/blobs/" + string(image.Parts[0].Digest)
	client := &http.Client{Transport: &http.Transport{}}
	b.ReportAllocs()
	for b.Loop() {
		res, err := client.Get(url)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
			b.Fatal(res.Status, err)
		}
		_ = res.Body.Close()
	}
}
