package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/roster"
	"github.com/drayproject/dray/tracker/swarm"
)

type counting struct{ *Metrics }

func (c counting) Observe(v roster.Verdict) { c.Verdict(v) }

func newAPI() (*API, *prometheus.Registry) {
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg)
	log := slog.New(slog.DiscardHandler)
	x := index.New()
	r := roster.New(roster.Policy{Interval: time.Second, SuspectAfter: 2, DeadAfter: 3, PurgeAfter: time.Minute}, counting{m}, log)
	reg.MustRegister(Sizes{Index: x, Roster: r})
	return New(x, r, swarm.New(x, r), m, log), reg
}

// post sends a body as it is and returns the answer's status and code.
func post(h http.Handler, path, body string) (int, trackerapi.Code) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	var e trackerapi.Error
	if w.Code != http.StatusOK && json.Unmarshal(w.Body.Bytes(), &e) != nil {
		return w.Code, "not an error of ours: " + trackerapi.Code(w.Body.String())
	}
	return w.Code, e.Code
}

func marshal(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var (
	good = digest.FromString("good")
	me   = trackerapi.Sender{Node: "a", Epoch: 1}
)

func registered(t testing.TB) (*API, http.Handler) {
	t.Helper()
	a, _ := newAPI()
	h := a.Nodes()
	body := marshal(t, trackerapi.RegisterRequest{Node: trackerapi.Node{Name: "a", Epoch: 1, Addr: "10.0.0.1:5002"}})
	if status, code := post(h, "/v1/register", body); status != http.StatusOK {
		t.Fatalf("register: %d %s", status, code)
	}
	return a, h
}

func TestWhatIsRefused(t *testing.T) {
	long := strings.Repeat("x", trackerapi.MaxName+1)
	many := make([]digest.Digest, trackerapi.MaxDigests+1)
	for i := range many {
		many[i] = good
	}
	labels := map[string]string{}
	for i := range trackerapi.MaxLabels + 1 {
		labels[strings.Repeat("k", i+1)] = ""
	}
	node := func(n trackerapi.Node) string { return marshal(t, trackerapi.RegisterRequest{Node: n}) }
	for name, c := range map[string]struct {
		verb, body string
		want       trackerapi.Code
	}{
		"nothing":              {"register", "", trackerapi.CodeInvalid},
		"not JSON":             {"heartbeat", "hello", trackerapi.CodeInvalid},
		"null":                 {"heartbeat", "null", trackerapi.CodeInvalid},
		"a wrong type":         {"heartbeat", `{"node": 7}`, trackerapi.CodeInvalid},
		"two messages":         {"leave", marshal(t, trackerapi.LeaveRequest{Sender: me}) + "{}", trackerapi.CodeInvalid},
		"no name":              {"register", node(trackerapi.Node{Addr: "h:1"}), trackerapi.CodeInvalid},
		"line break in a name": {"register", node(trackerapi.Node{Name: "a\nb", Addr: "h:1"}), trackerapi.CodeInvalid},
		"long name":            {"register", node(trackerapi.Node{Name: long, Addr: "h:1"}), trackerapi.CodeTooLarge},
		"long zone":            {"register", node(trackerapi.Node{Name: "a", Addr: "h:1", Zone: long}), trackerapi.CodeTooLarge},
		"long label":           {"register", node(trackerapi.Node{Name: "a", Addr: "h:1", Labels: map[string]string{"k": long}}), trackerapi.CodeTooLarge},
		"too many labels":      {"register", node(trackerapi.Node{Name: "a", Addr: "h:1", Labels: labels}), trackerapi.CodeTooLarge},
		"no address":           {"register", node(trackerapi.Node{Name: "a"}), trackerapi.CodeInvalid},
		"an old epoch":         {"register", node(trackerapi.Node{Name: "a", Epoch: 0, Addr: "h:1"}), trackerapi.CodeStaleEpoch},
		"a body without end":   {"lookup", `"` + strings.Repeat("x", smallBody) + `"`, trackerapi.CodeTooLarge},
		"too many elements":    {"announce", "[" + strings.Repeat(",", maxElements+1) + "]", trackerapi.CodeTooLarge},

		"unknown node":        {"heartbeat", `{"node":"b","epoch":1,"set_hash":"0"}`, trackerapi.CodeUnknownNode},
		"unknown node leaves": {"leave", `{"node":"b","epoch":1}`, trackerapi.CodeUnknownNode},
		"earlier run":         {"heartbeat", `{"node":"a","epoch":0,"set_hash":"0"}`, trackerapi.CodeStaleEpoch},
		"later run":           {"heartbeat", `{"node":"a","epoch":2,"set_hash":"0"}`, trackerapi.CodeUnknownNode},

		"too many digests":  {"announce", marshal(t, trackerapi.AnnounceRequest{Sender: me, Add: many}), trackerapi.CodeTooLarge},
		"announced nothing": {"announce", marshal(t, trackerapi.AnnounceRequest{Sender: me, Add: []digest.Digest{""}}), trackerapi.CodeInvalid},
		"a removed path":    {"announce", marshal(t, trackerapi.AnnounceRequest{Sender: me, Remove: []digest.Digest{"sha256:../../etc"}}), trackerapi.CodeInvalid},
		"verified nonsense": {"announce", marshal(t, trackerapi.AnnounceRequest{Sender: me, Verified: []digest.Digest{good + "0"}}), trackerapi.CodeInvalid},
		"nameless image":    {"announce", marshal(t, trackerapi.AnnounceRequest{Sender: me, Images: []trackerapi.Image{{Digest: good}}}), trackerapi.CodeInvalid},
		"empty image":       {"announce", marshal(t, trackerapi.AnnounceRequest{Sender: me, Images: []trackerapi.Image{{Name: "i"}}}), trackerapi.CodeInvalid},
		"nameless gone":     {"announce", marshal(t, trackerapi.AnnounceRequest{Sender: me, ImagesGone: []string{""}}), trackerapi.CodeInvalid},

		"upper case":        {"lookup", marshal(t, trackerapi.LookupRequest{Node: "a", Digests: []digest.Digest{digest.Digest(strings.ToUpper(string(good)))}}), trackerapi.CodeInvalid},
		"too many lookups":  {"lookup", marshal(t, trackerapi.LookupRequest{Node: "a", Digests: many[:trackerapi.MaxLookup+1]}), trackerapi.CodeTooLarge},
		"nameless asker":    {"lookup", marshal(t, trackerapi.LookupRequest{Digests: many[:1]}), trackerapi.CodeInvalid},
		"too many resolves": {"resolve", marshal(t, trackerapi.ResolveRequest{Node: "a", Names: make([]string, trackerapi.MaxLookup+1)}), trackerapi.CodeTooLarge},
		"long image name":   {"resolve", marshal(t, trackerapi.ResolveRequest{Node: "a", Names: []string{strings.Repeat("x", maxImageName+1)}}), trackerapi.CodeTooLarge},

		"too many reports":   {"report", marshal(t, trackerapi.ReportRequest{Sender: me, Reports: make([]trackerapi.Report, trackerapi.MaxReports+1)}), trackerapi.CodeTooLarge},
		"report of nobody":   {"report", marshal(t, trackerapi.ReportRequest{Sender: me, Reports: []trackerapi.Report{{Kind: trackerapi.KindStall}}}), trackerapi.CodeInvalid},
		"miss of nothing":    {"report", marshal(t, trackerapi.ReportRequest{Sender: me, Reports: []trackerapi.Report{{Peer: "b", Kind: trackerapi.KindMiss}}}), trackerapi.CodeInvalid},
		"report by a nobody": {"report", marshal(t, trackerapi.ReportRequest{Sender: trackerapi.Sender{Node: "b"}}), trackerapi.CodeUnknownNode},
	} {
		t.Run(name, func(t *testing.T) {
			_, h := registered(t)
			status, code := post(h, "/v1/"+c.verb, c.body)
			if code != c.want || status != (&trackerapi.Error{Code: c.want}).Status() {
				t.Fatalf("got %d %s; want %s", status, code, c.want)
			}
		})
	}
}

func TestUnknownRoutesHaveTheSameForm(t *testing.T) {
	a, _ := newAPI()
	h := a.Nodes()
	for _, path := range []string{"/", "/v1/", "/v1/nothing", "/v2/", "/metrics/x"} {
		if status, code := post(h, path, "{}"); code != trackerapi.CodeInvalid {
			t.Errorf("POST %s: %d %s", path, status, code)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodDelete, "/v1/lookup", nil))
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"code":"invalid"`) {
		t.Errorf("DELETE: %d %s", w.Code, w.Body)
	}
}

func TestPanicIsAnInternalErrorThatGivesNothingAway(t *testing.T) {
	a, _ := newAPI()
	var logged bytes.Buffer
	a.log = slog.New(slog.NewTextHandler(&logged, nil))
	h := a.adapt(handle(a, "leave", checkLeave, func(*http.Request, *trackerapi.LeaveRequest) (trackerapi.LeaveResponse, error) {
		panic("the secret")
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"node":"a"}`)))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "secret") {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	if !strings.Contains(logged.String(), "the secret") {
		t.Fatalf("logged: %s", &logged)
	}
}

func TestAnnouncementsWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, h := registered(t)
		if err := a.limits.room.Acquire(t.Context(), bodyRoom); err != nil {
			t.Fatal(err)
		}
		answered := make(chan int, 1)
		announce := func() {
			status, _ := post(h, "/v1/announce", marshal(t, trackerapi.AnnounceRequest{Sender: me, Whole: true}))
			answered <- status
		}
		go announce()
		synctest.Wait()
		if len(answered) > 0 {
			t.Fatalf("the announcement did not wait: %d", <-answered)
		}
		if status, _ := post(h, "/v1/heartbeat", marshal(t, trackerapi.HeartbeatRequest{Sender: me})); status != http.StatusOK {
			t.Fatalf("heartbeat: %d", status)
		}
		if status := <-answered; status != http.StatusServiceUnavailable {
			t.Fatalf("after the longest wait: %d", status)
		}
		go announce()
		synctest.Wait()
		a.limits.room.Release(bodyRoom)
		if status := <-answered; status != http.StatusOK {
			t.Fatalf("once there was room: %d", status)
		}
	})
}

func TestWhichRunAReportIsAbout(t *testing.T) {
	for _, c := range []struct {
		kind     trackerapi.Kind
		epoch    int64
		withheld bool
		state    roster.State
	}{
		{trackerapi.KindCorrupt, 1, true, roster.Ready},
		{trackerapi.KindCorrupt, 0, true, roster.Ready}, // a broken file outlives the run
		{trackerapi.KindMiss, 0, true, roster.Ready},
		{trackerapi.KindCorrupt, 2, false, roster.Ready},
		{trackerapi.KindMiss, 2, false, roster.Ready},
		{trackerapi.KindStall, 1, false, roster.Suspect},
		{trackerapi.KindStall, 0, false, roster.Ready}, // a process does not outlive its run
	} {
		a, h := registered(t)
		post(h, "/v1/announce", marshal(t, trackerapi.AnnounceRequest{Sender: me, Whole: true, Add: []digest.Digest{good}}))
		post(h, "/v1/register", marshal(t, trackerapi.RegisterRequest{Node: trackerapi.Node{Name: "b", Epoch: 1, Addr: "10.0.0.2:5002"}}))
		status, code := post(h, "/v1/report", marshal(t, trackerapi.ReportRequest{
			Sender:  trackerapi.Sender{Node: "b", Epoch: 1},
			Reports: []trackerapi.Report{{Peer: "a", Epoch: c.epoch, Kind: c.kind, Digest: good}},
		}))
		if status != http.StatusOK {
			t.Fatalf("report: %d %s", status, code)
		}
		if withheld := a.index.Stats().Accused == 1; withheld != c.withheld {
			t.Errorf("%s of epoch %d: withheld %v", c.kind, c.epoch, withheld)
		}
		if s := a.roster.ByName("a").State(); s != c.state {
			t.Errorf("%s of epoch %d: the node is %s", c.kind, c.epoch, s)
		}
	}
}

func TestMetrics(t *testing.T) {
	a, reg := newAPI()
	h := a.Nodes()
	post(h, "/v1/register", marshal(t, trackerapi.RegisterRequest{Node: trackerapi.Node{Name: "a", Epoch: 1, Addr: "10.0.0.1:5002"}}))
	post(h, "/v1/announce", marshal(t, trackerapi.AnnounceRequest{Sender: me, Whole: true, Add: []digest.Digest{good}}))
	post(h, "/v1/lookup", "")
	post(h, "/v1/leave", marshal(t, trackerapi.LeaveRequest{Sender: me}))
	want := `
# HELP dray_tracker_digests Digests that some node holds.
# TYPE dray_tracker_digests gauge
dray_tracker_digests 1
# HELP dray_tracker_pairs Pairs of a digest and a node that holds it.
# TYPE dray_tracker_pairs gauge
dray_tracker_pairs 1
# HELP dray_tracker_verdicts_total Changes of nodes' states, by the new state and the reason.
# TYPE dray_tracker_verdicts_total counter
dray_tracker_verdicts_total{reason="leave",state="draining"} 1
dray_tracker_verdicts_total{reason="register",state="ready"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "dray_tracker_digests", "dray_tracker_pairs", "dray_tracker_verdicts_total"); err != nil {
		t.Error(err)
	}
	if n := testutil.ToFloat64(a.metrics.requests.WithLabelValues("lookup", "invalid")); n != 1 {
		t.Errorf("%v refused lookups", n)
	}
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
}

func TestSlowBodyIsCutOff(t *testing.T) {
	a, _ := newAPI()
	slow := httptest.NewUnstartedServer(a.Nodes())
	slow.Config.ReadTimeout = 50 * time.Millisecond // as httpserver's Exchange does it
	slow.Start()
	defer slow.Close()
	body, end := io.Pipe()
	defer end.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, slow.URL+"/v1/leave", body)
	if err != nil {
		t.Fatal(err)
	}
	go end.Write([]byte(`{"node":`))
	res, err := slow.Client().Do(req)
	if err != nil {
		return // cut off without a word, which is as good
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusBadRequest || !res.Close {
		t.Fatalf("got %d, close %v", res.StatusCode, res.Close)
	}
}
