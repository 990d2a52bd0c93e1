package announcer

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/shared/trackerapi"
)

// A node is looked at for the tracker that asks, and only one that answers is
// reported, to that one alone.
func TestANodeIsLookedAtForATracker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 2)
		defer b.stop()
		b.net.set("well:5002", http.NotFoundHandler()) // whatever it says
		r := b.trackers[0]
		r.mu.Lock()
		r.look = []trackerapi.Look{{Node: "well", Epoch: 7, Addr: "well:5002"}, {Node: "gone", Epoch: 8, Addr: "gone:5002"}, {Node: "odd", Addr: "[::]:1/x"}}
		r.mu.Unlock()
		pass(3 * time.Second)
		if len(r.reports) != 1 || r.reports[0] != (trackerapi.Report{Peer: "well", Epoch: 7, Kind: trackerapi.KindAlive}) {
			t.Errorf("reports %+v", r.reports)
		}
		if other := b.trackers[1].reports; len(other) > 0 {
			t.Errorf("another tracker is told %+v", other)
		}
	})
}

func TestTooManyLooksAreNone(t *testing.T) {
	s := newSession(Config{}.withDefaults(), newStock(), newTracker("t", nil), discard, newMetrics(prometheus.NewRegistry()))
	s.look(make([]trackerapi.Look, trackerapi.MaxLooks+1))
	s.look(nil)
	if len(s.looks) != 0 {
		t.Error("they are looked at")
	}
	s.look(make([]trackerapi.Look, trackerapi.MaxLooks))
	s.look(make([]trackerapi.Look, 1)) // does not block
	if got := <-s.looks; len(got) != trackerapi.MaxLooks {
		t.Errorf("%d", len(got))
	}
}

func TestALookTakesAnyAnswerForLife(t *testing.T) {
	s := newSession(Config{}.withDefaults(), newStock(), newTracker("t", nil), discard, newMetrics(prometheus.NewRegistry()))
	client := &http.Client{Transport: s.lookTransport()}
	server := httptest.NewTLSServer(http.NotFoundHandler())
	addr := strings.TrimPrefix(server.URL, "https://")
	if err := answers(t.Context(), client, addr); err != nil {
		t.Errorf("a TLS server: %v", err)
	}
	server.Close()
	if err := answers(t.Context(), client, addr); err == nil {
		t.Error("nobody listens, and it answers")
	}
}
