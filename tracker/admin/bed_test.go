package admin

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placer"
	"github.com/drayproject/dray/tracker/roster"
	"github.com/drayproject/dray/tracker/swarm"
)

// bed is an Admin on a domain that the test fills by hand.
type bed struct {
	*Admin
	t *testing.T
}

type observers []roster.Observer

func (o observers) Observe(v roster.Verdict) {
	for _, each := range o {
		each.Observe(v)
	}
}

// flows are what a test says.
type flows map[digest.Digest]Flow

func (f flows) Flow(d digest.Digest) Flow { return f[d] }

func (f flows) Flowing() (all []SwarmItem) {
	for d, flow := range f {
		all = append(all, SwarmItem{Digest: d, Size: flow.Size, Nodes: len(flow.Nodes), Leases: len(flow.Leases), Waiting: flow.Waiting})
	}
	return all
}

func newBed(t testing.TB, change func(*Parts)) *bed {
	log := events.NewLog(1000)
	pulls := events.NewPulls(log)
	x := index.New()
	r := roster.New(roster.Policy{
		Interval: time.Second, SuspectAfter: 2, DeadAfter: 3, PurgeAfter: time.Minute,
	}, observers{log, pulls}, slog.New(slog.DiscardHandler))
	p := Parts{
		Index: x, Roster: r, Swarm: swarm.New(x, r), Flows: flows{}, Log: log, Pulls: pulls,
		Metrics: prometheus.NewRegistry(), Version: "v0",
	}
	p.Placer, _ = placer.New(placer.Parts{ // without a file it can't fail
		Desk: journal.NewLocal().Desk("t"), ID: "t", Index: x, Roster: r, Events: log,
	}, slog.New(slog.DiscardHandler))
	if change != nil {
		change(&p)
	}
	b := &bed{Admin: New(p, slog.New(slog.DiscardHandler))}
	b.t, _ = t.(*testing.T)
	t.Cleanup(b.Stop)
	return b
}

func dg(i int) digest.Digest { return digest.FromString(fmt.Sprint(i)) }

func dgs(numbers ...int) (all []digest.Digest) {
	for _, i := range numbers {
		all = append(all, dg(i))
	}
	return all
}

// add registers a node with what it holds.
func (b *bed) add(name, zone string, digests []digest.Digest, images ...trackerapi.Image) *roster.Node {
	b.t.Helper()
	n, _, err := b.Roster.Register(trackerapi.Node{
		Name: name, Epoch: 1, Addr: "10.0.0.1:5002", Zone: zone, Labels: map[string]string{"arch": "arm64", "disk": ""},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.Index.Apply(n.Ordinal(), &trackerapi.AnnounceRequest{Whole: true, Seq: 1, Add: digests, Images: images})
	return n
}

// leave makes a node gone from the answers.
func (b *bed) leave(name string) {
	if err := b.Roster.Leave(trackerapi.Sender{Node: name, Epoch: 1}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.Handler().ServeHTTP(w, r)
	return w
}

func (b *bed) get(path string) *httptest.ResponseRecorder {
	return b.do(httptest.NewRequest(http.MethodGet, root+path, nil))
}

// ask gets what must be there.
func ask[T any](b *bed, path string) (answer T) {
	b.t.Helper()
	w := b.get(path)
	if w.Code != http.StatusOK {
		b.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	decode(b.t, w, &answer)
	return answer
}

func decode(t *testing.T, w *httptest.ResponseRecorder, into any) {
	t.Helper()
	d := json.NewDecoder(w.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatal(err)
	}
}
