package doctor

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestFaultsAtTheStartAreCountedAndLogged(t *testing.T) {
	p := NewProbe("n1")
	mirror := httptest.NewServer(p.Before(nil))
	defer mirror.Close()
	addr := mirror.Listener.Addr().String()
	stranger := httptest.NewServer(NewProbe("n2").Before(nil))
	defer stranger.Close()
	n := Node{
		MirrorAddr: addr, PeerAddr: stranger.Listener.Addr().String(), MetricsAddr: "127.0.0.1:1",
		Trackers:   []string{"127.0.0.1:1", "ftp://nonsense"},
		Containerd: Containerd{None: true},
	}
	var log strings.Builder
	d := New(slog.New(slog.NewTextHandler(&log, nil)), prometheus.NewRegistry())
	d.Check(t.Context(), n)
	for check, want := range map[string]float64{checkPorts: 2, checkTrackers: 2, checkMirror: 0, checkContainerd: 0} {
		if got := testutil.ToFloat64(d.faults.WithLabelValues(check)); got != want {
			t.Errorf("%s: %v faults; want %v", check, got, want)
		}
	}
	if n := strings.Count(log.String(), "doctor found a fault"); n != 4 || !strings.Contains(log.String(), `node \"n2\"`) {
		t.Errorf("%d faults in the log:\n%s", n, log.String())
	}
}

func TestANodeIsLookedAtAgainUntilItIsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		d := New(slog.New(slog.NewTextHandler(&log, nil)), prometheus.NewRegistry())
		broken, away := fault(checkMirror, "broken", "y", "z"), fault(checkTrackers, "away", "y", "z")
		looks := [][]Result{{broken, away}, {broken, ok(checkTrackers, "there")}, {broken}, {ok(checkMirror, "mended")}}
		var counted []float64
		d.examine = func(context.Context, Node) []Result {
			counted = append(counted, testutil.ToFloat64(d.faults.WithLabelValues(checkMirror)))
			now := looks[0]
			looks = looks[1:]
			return now
		}
		begin := time.Now()
		d.Watch(t.Context(), Node{})
		if took := time.Since(begin); len(looks) > 0 || took != 30*time.Second+time.Minute+2*time.Minute {
			t.Errorf("it has stopped after %s; %d looks are left", took, len(looks))
		}
		if n := strings.Count(log.String(), "doctor found a fault"); n != 2 {
			t.Errorf("%d warnings of two faults:\n%s", n, log.String())
		}
		if last := testutil.ToFloat64(d.faults.WithLabelValues(checkMirror)); !slices.Equal(counted, []float64{0, 1, 1, 1}) || last != 0 {
			t.Errorf("counted %v, and %v at last", counted, last)
		}
	})
}

func TestALookIsNotRepeatedAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := New(slog.New(slog.DiscardHandler), prometheus.NewRegistry())
		d.examine = func(context.Context, Node) []Result { return []Result{fault(checkMirror, "x", "y", "z")} }
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		d.Watch(ctx, Node{})
	})
}

func TestAnExaminationThatIsCutOffSaysNothing(t *testing.T) {
	var log strings.Builder
	d := New(slog.New(slog.NewTextHandler(&log, nil)), prometheus.NewRegistry())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d.Check(ctx, Node{MirrorAddr: "127.0.0.1:1"})
	if log.Len() > 0 || testutil.CollectAndCount(d.faults) > 0 {
		t.Errorf("it says\n%s", log.String())
	}
}
