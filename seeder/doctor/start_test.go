package doctor

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

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
