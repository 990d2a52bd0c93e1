package tracing_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/tracing"
	"github.com/drayproject/dray/shared/tracing/tracingtest"
)

const patience = 30 * time.Second

var discard = slog.New(slog.DiscardHandler)

func start(t *testing.T, cfg tracing.Config, log *slog.Logger) *tracing.Tracing {
	t.Helper()
	tr, err := tracing.New(t.Context(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return tr
}

func to(endpoint string) tracing.Config {
	return tracing.Config{Service: "s", Node: "n", Endpoint: endpoint, Ratio: 1}
}

func route(*http.Request) string { return "/r" }

// until waits for a span that is as wanted.
func until(t *testing.T, r *tracingtest.Receiver, what string, wanted func(tracingtest.Span) bool) tracingtest.Span {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); <-time.After(5 * time.Millisecond) {
		for _, s := range r.Spans() {
			if wanted(s) {
				return s
			}
		}
	}
	t.Fatalf("no span %s among %+v", what, r.Spans())
	return tracingtest.Span{}
}

func get(t *testing.T, via http.RoundTripper, url string) (string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := via.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func TestARequestThatLeadsToAnotherIsOneTrace(t *testing.T) {
	r := tracingtest.Start(t)
	tr := start(t, to(r.URL), discard)
	far := httptest.NewServer(tr.Server(tracing.Joining(route), http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		tracing.Note(req.Context(), tracing.String("x", "y"))
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("12345"))
	})))
	defer far.Close()
	via := tr.Transport(route, http.DefaultTransport, tracing.String("to", "far"))
	near := httptest.NewServer(tr.Server(route, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		ask, _ := http.NewRequestWithContext(req.Context(), http.MethodGet, far.URL, http.NoBody)
		res, err := via.RoundTrip(ask)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.Copy(w, res.Body)
		_ = res.Body.Close()
	})))
	defer near.Close()
	if _, err := get(t, http.DefaultTransport, near.URL); err != nil {
		t.Fatal(err)
	}

	first := until(t, r, "of the first server", func(s tracingtest.Span) bool { return s.Parent == "" })
	asked := until(t, r, "of the client", func(s tracingtest.Span) bool { return s.Parent == first.ID && s.Client })
	last := until(t, r, "of the other server", func(s tracingtest.Span) bool { return s.Parent == asked.ID && !s.Client })
	if first.Trace != asked.Trace || first.Trace != last.Trace || first.Service != "s" || first.Node != "n" || first.Name != "GET /r" {
		t.Errorf("%+v\n%+v\n%+v", first, asked, last)
	}
	if asked.Attrs["dray.bytes"] != int64(5) || asked.Attrs["to"] != "far" || asked.Attrs["http.response.status_code"] != int64(http.StatusTeapot) || !asked.Failed {
		t.Errorf("the client says %+v", asked)
	}
	if last.Attrs["x"] != "y" || last.Attrs["http.response.status_code"] != int64(http.StatusTeapot) || last.Failed {
		t.Errorf("the server says %+v", last)
	}
}

func TestRequestsOutsideOfATraceHaveNoSpanWhereNoneBegin(t *testing.T) {
	r := tracingtest.Start(t)
	tr := start(t, to(r.URL), discard)
	server := httptest.NewServer(tr.Server(tracing.Joining(route), http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		if got := req.Header.Get("Traceparent"); got != "" {
			t.Errorf("it belongs to %s", got)
		}
	})))
	defer server.Close()
	if _, err := get(t, tr.Transport(route, http.DefaultTransport), server.URL); err != nil {
		t.Fatal(err)
	}
	tr.Close()
	if got := r.Spans(); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

func TestTheRatioDecidesOfNewTraces(t *testing.T) {
	r := tracingtest.Start(t)
	cfg := to(r.URL)
	cfg.Ratio = 0
	none := start(t, cfg, discard)
	all := start(t, to(r.URL), discard)
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for range 100 {
		none.Server(route, nothing).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/none", nil))
	}
	none.Close()
	all.Server(route, nothing).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/all", nil))
	until(t, r, "of the other", func(s tracingtest.Span) bool { return s.Attrs["url.path"] == "/all" })
	if n := len(r.Spans()); n != 1 {
		t.Fatalf("%d spans", n)
	}
}

func TestSwitchedOffItChangesNothing(t *testing.T) {
	const nobody = "http://127.0.0.1:1"
	for _, c := range []struct{ name, endpoint, variable, value string }{
		{"nothing is set", "", "OTEL_SERVICE_NAME", "x"},
		{"disabled", nobody, "OTEL_SDK_DISABLED", "true"},
		{"another exporter", nobody, "OTEL_TRACES_EXPORTER", "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(c.variable, c.value)
			tr := start(t, to(c.endpoint), discard)
			transport, mux := &http.Transport{}, http.NewServeMux()
			if tr.On() || tr.Transport(route, transport) != http.RoundTripper(transport) || tr.Server(route, mux) != http.Handler(mux) {
				t.Error("it is on")
			}
		})
	}
}

func TestTheEnvironmentSwitchesItOn(t *testing.T) {
	r := tracingtest.Start(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
	t.Setenv("OTEL_SERVICE_NAME", "mine")
	tr := start(t, to(""), discard)
	tr.Server(route, http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	until(t, r, "with that name", func(s tracingtest.Span) bool { return s.Service == "mine" })
}

// sink is a log that is read while it is written.
type sink struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) count(words string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.b.String(), words)
}

func TestACollectorThatIsGoneIsTalkedOfOnce(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "5")
	var refused sync.WaitGroup
	const batches = 3
	refused.Add(batches)
	var left sync.Mutex
	n := batches
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		left.Lock()
		defer left.Unlock()
		w.WriteHeader(http.StatusNotFound)
		if n--; n >= 0 {
			refused.Done()
		}
	}))
	defer gone.Close()
	log := new(sink)
	tr := start(t, to(gone.URL), slog.New(slog.NewTextHandler(log, nil)))
	h := tr.Server(route, http.NotFoundHandler())
	stop := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		for {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	refused.Wait()
	close(stop)
	asking.Wait()
	tr.Close()
	if got := log.count("level=WARN"); got != 1 {
		t.Errorf("%d warnings:\n%s", got, log.b.String())
	}
}

func TestACollectorThatDoesNotAnswerHoldsNothingUp(t *testing.T) {
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "5")
	asked, release := make(chan struct{}, 100), make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-release
	}))
	defer silent.Close()
	defer close(release)
	tr := start(t, to(silent.URL), discard)
	h := tr.Server(route, http.NotFoundHandler())
	one := func() {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}
	one()
	<-asked
	for range 10_000 { // more than the queue holds
		one()
	}
	tr.Close() // before the collector is let go
}

func TestWhatCannotWorkIsRefused(t *testing.T) {
	for _, cfg := range []tracing.Config{{Endpoint: "collector:4318"}, {Endpoint: "ftp://collector"}, {Ratio: 1.1}, {Ratio: -0.1}} {
		if _, err := tracing.New(t.Context(), cfg, discard); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}
