package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/drayproject/dray/shared/trackerapi"
)

// session is two nodes at a tracker that listens.
func session(t *testing.T) (*trackerapi.Client, context.Context) {
	t.Helper()
	_, h := registered(t)
	if status, code := post(h, "/v1/register", `{"node":{"name":"b","epoch":1,"addr":"10.0.0.2:5002"}}`); status != http.StatusOK {
		t.Fatal(status, code)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return trackerapi.NewClient(server.URL, server.Client()), ctx
}

var you = trackerapi.Sender{Node: "b", Epoch: 1}

func TestAJoinWaitsForTheFirstBytes(t *testing.T) {
	c, ctx := session(t)
	got, err := c.Join(ctx, trackerapi.JoinRequest{Sender: me, Digest: good})
	if err != nil || !got.Lease {
		t.Fatalf("got %+v, %v", got, err)
	}
	answers, begin := make(chan trackerapi.JoinResponse, 1), time.Now()
	go func() {
		got, _ := c.Join(ctx, trackerapi.JoinRequest{Sender: you, Digest: good, WaitMS: 60_000})
		answers <- got
	}()
	i := trackerapi.Ingest{Digest: good, Offset: 5, Size: 1 << 30}
	if _, err := c.Progress(ctx, trackerapi.ProgressRequest{Sender: me, Ingests: []trackerapi.Ingest{i}}); err != nil {
		t.Fatal(err)
	}
	want := trackerapi.Holder{Node: "a", Epoch: 1, Addr: "10.0.0.1:5002", Partial: true}
	if got := <-answers; !slices.Equal(got.Handout, trackerapi.Handout{want}) {
		t.Fatalf("after %v: %+v", time.Since(begin), got)
	}
}

func TestAHeartbeatTellsOfIngests(t *testing.T) {
	c, ctx := session(t)
	i := trackerapi.Ingest{Digest: good, Offset: 5}
	if _, err := c.Heartbeat(ctx, trackerapi.HeartbeatRequest{Sender: me, Ingests: []trackerapi.Ingest{i}}); err != nil {
		t.Fatal(err)
	}
	got, err := c.Join(ctx, trackerapi.JoinRequest{Sender: you, Digest: good})
	if err != nil || len(got.Handout) != 1 || !got.Handout[0].Partial {
		t.Fatalf("got %+v, %v", got, err)
	}
	if _, err := c.Report(ctx, trackerapi.ReportRequest{Sender: you, Reports: []trackerapi.Report{{Peer: "a", Epoch: 1, Kind: trackerapi.KindMiss, Digest: good}}}); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Join(ctx, trackerapi.JoinRequest{Sender: you, Digest: good}); err != nil || !got.Lease {
		t.Fatalf("got %+v, %v; a peer has said that there is nothing", got, err)
	}
}

func TestANewRunHasNothingUnderWay(t *testing.T) {
	_, h := registered(t)
	post(h, "/v1/progress", marshal(t, trackerapi.ProgressRequest{Sender: me, Ingests: []trackerapi.Ingest{{Digest: good, Offset: 5}}}))
	post(h, "/v1/register", `{"node":{"name":"a","epoch":2,"addr":":1"}}`)
	post(h, "/v1/register", `{"node":{"name":"b","epoch":1,"addr":":2"}}`)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/join", strings.NewReader(marshal(t, trackerapi.JoinRequest{Sender: you, Digest: good}))))
	if want := `{"handout":[],"lease":true,"start_ms":700}`; w.Body.String() != want {
		t.Fatalf("got %s; want %s", w.Body, want)
	}
}

func TestWhatIsRefusedOfASwarm(t *testing.T) {
	join := func(change func(*trackerapi.JoinRequest)) string {
		m := trackerapi.JoinRequest{Sender: me, Digest: good}
		change(&m)
		return marshal(t, m)
	}
	progress := func(all ...trackerapi.Ingest) string {
		return marshal(t, trackerapi.ProgressRequest{Sender: me, Ingests: all})
	}
	for name, c := range map[string]struct {
		verb, body string
		want       trackerapi.Code
	}{
		"no digest":         {"join", join(func(m *trackerapi.JoinRequest) { m.Digest = "" }), trackerapi.CodeInvalid},
		"nobody":            {"join", join(func(m *trackerapi.JoinRequest) { m.Node = "" }), trackerapi.CodeInvalid},
		"unknown node":      {"join", join(func(m *trackerapi.JoinRequest) { m.Node = "x" }), trackerapi.CodeUnknownNode},
		"earlier run":       {"join", join(func(m *trackerapi.JoinRequest) { m.Epoch = 0 }), trackerapi.CodeStaleEpoch},
		"before the start":  {"join", join(func(m *trackerapi.JoinRequest) { m.Offset = -1 }), trackerapi.CodeInvalid},
		"less than nothing": {"join", join(func(m *trackerapi.JoinRequest) { m.Size = -1 }), trackerapi.CodeInvalid},
		"back in time":      {"join", join(func(m *trackerapi.JoinRequest) { m.WaitMS = -1 }), trackerapi.CodeInvalid},
		"long registry":     {"join", join(func(m *trackerapi.JoinRequest) { m.Registry = strings.Repeat("x", 256) }), trackerapi.CodeTooLarge},
		"avoids too many":   {"join", join(func(m *trackerapi.JoinRequest) { m.Avoid = make([]string, 65) }), trackerapi.CodeTooLarge},
		"too many ingests":  {"progress", progress(make([]trackerapi.Ingest, trackerapi.MaxIngests+1)...), trackerapi.CodeTooLarge},
		"ingest of nothing": {"progress", progress(trackerapi.Ingest{}), trackerapi.CodeInvalid},
		"negative offset":   {"progress", progress(trackerapi.Ingest{Digest: good, Offset: -1}), trackerapi.CodeInvalid},
		"by an unknown":     {"progress", `{"node":"x","epoch":1,"ingests":[]}`, trackerapi.CodeUnknownNode},
		"in a heartbeat":    {"heartbeat", marshal(t, trackerapi.HeartbeatRequest{Sender: me, Ingests: []trackerapi.Ingest{{Digest: good, Rate: -1}}}), trackerapi.CodeInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, h := registered(t)
			if _, code := post(h, "/v1/"+c.verb, c.body); code != c.want {
				t.Errorf("got %q; want %q", code, c.want)
			}
		})
	}
}

func TestJoinsAreCounted(t *testing.T) {
	a, reg := newAPI()
	reg.MustRegister(Swarms{a.swarm})
	h := a.Nodes()
	for _, name := range []string{"a", "b", "c"} {
		post(h, "/v1/register", `{"node":{"name":"`+name+`","epoch":1,"addr":":1"}}`)
	}
	join := func(from string, hurry bool) {
		m := trackerapi.JoinRequest{Sender: trackerapi.Sender{Node: from, Epoch: 1}, Digest: digest.FromString("counted"), Hurry: hurry}
		post(h, "/v1/join", marshal(t, m))
	}
	join("a", false)
	join("b", false)
	join("b", true)
	err := testutil.GatherAndCompare(reg, strings.NewReader(`
		# HELP dray_tracker_joins_total Joins, by result: parent, lease, free (to go to the origin), busy (worth another wait), or none (worth a wait).
		# TYPE dray_tracker_joins_total counter
		dray_tracker_joins_total{result="free"} 1
		dray_tracker_joins_total{result="lease"} 1
		dray_tracker_joins_total{result="none"} 1
		# HELP dray_tracker_origin_leases Origin leases of which nothing has come yet.
		# TYPE dray_tracker_origin_leases gauge
		dray_tracker_origin_leases 1
		# HELP dray_tracker_swarms Digests that somebody is fetching.
		# TYPE dray_tracker_swarms gauge
		dray_tracker_swarms 1
	`), "dray_tracker_joins_total", "dray_tracker_origin_leases", "dray_tracker_swarms")
	if err != nil {
		t.Fatal(err)
	}
}

// A heartbeat that names what the tracker takes for nonsense is a sign of life
// all the same.
func TestAnIngestBeyondItsSizeIsNoReasonToRefuseAHeartbeat(t *testing.T) {
	_, h := registered(t)
	m := trackerapi.HeartbeatRequest{Sender: me, Ingests: []trackerapi.Ingest{{Digest: good, Offset: 9, Size: 5}}}
	if status, code := post(h, "/v1/heartbeat", marshal(t, m)); status != http.StatusOK {
		t.Fatal(status, code)
	}
}
