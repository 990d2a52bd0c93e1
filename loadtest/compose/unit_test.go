package compose

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

func TestTheBusiestSenderIsTheVictim(t *testing.T) {
	for _, c := range []struct {
		name        string
		before, now []float64
		want        int
	}{
		{"one sends", []float64{5, 5}, []float64{5, 6}, 1},
		{"both send", []float64{0, 9}, []float64{8, 10}, 0},
		{"nobody sends", []float64{1, 2}, []float64{1, 2}, 0},
	} {
		if got := busiest(c.before, c.now); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// fakeEngine answers like Docker for one container, in state, and notes what it
// is asked to do.
func fakeEngine(t *testing.T, containers, state string) (e *engine, asked *[]string) {
	t.Helper()
	asked = new([]string)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containers/json", func(w http.ResponseWriter, r *http.Request) {
		for _, want := range []string{`com.docker.compose.project=p`, `com.docker.compose.service=node1`} {
			if !strings.Contains(r.FormValue("filters"), want) || r.FormValue("all") != "true" {
				t.Errorf("asked for %s", r.URL)
			}
		}
		w.Write([]byte(containers))
	})
	mux.HandleFunc("GET /containers/abc/json", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(state)) })
	mux.HandleFunc("POST /containers/abc/{verb}", func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.PathValue("verb"))
		if r.PathValue("verb") == "start" {
			http.Error(w, "no space left", http.StatusInternalServerError)
		}
	})
	socket := filepath.Join(t.TempDir(), "s")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(mux)
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return newEngine(socket, "p"), asked
}

func TestTheEngineKillsTheServicesContainer(t *testing.T) {
	e, asked := fakeEngine(t, `[{"Id":"abc"}]`, `{"State":{"Running":true,"Health":{"Status":"healthy"}}}`)
	if err := e.kill(t.Context(), "node1"); err != nil || strings.Join(*asked, " ") != "kill" {
		t.Errorf("%v, asked %v", err, *asked)
	}
	if ok, err := e.healthy(t.Context(), "node1"); !ok || err != nil {
		t.Errorf("healthy: %v, %v", ok, err)
	}
	if err := e.start(t.Context(), "node1"); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("what the engine complains of is lost: %v", err)
	}
}

func TestAContainerThatStartsIsNotHealthy(t *testing.T) {
	for _, state := range []string{`{"State":{"Running":true,"Health":{"Status":"starting"}}}`, `{"State":{"Running":false,"Health":{"Status":"healthy"}}}`} {
		e, _ := fakeEngine(t, `[{"Id":"abc"}]`, state)
		if ok, err := e.healthy(t.Context(), "node1"); ok || err != nil {
			t.Errorf("%s: %v, %v", state, ok, err)
		}
	}
}

func TestNoContainerIsAnError(t *testing.T) {
	e, _ := fakeEngine(t, `[]`, `{}`)
	if err := e.kill(t.Context(), "node1"); err == nil || !strings.Contains(err.Error(), "0 containers") {
		t.Errorf("got %v", err)
	}
}

func TestNumbersAreReadFromMetrics(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("# HELP x\nx{source=\"local\"} 1\nx{source=\"peer\"} 2.5e+06\n"))
	}))
	defer s.Close()
	for name, want := range map[string]float64{`x{source="peer"}`: 2.5e6, `x{source="miss"}`: 0} {
		got, err := metric(t.Context(), s.Listener.Addr().String(), name)
		if err != nil || got != want {
			t.Errorf("%s is %v, %v", name, got, err)
		}
	}
}

func TestWhatNeverHoldsIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := until(t.Context(), "the moon is blue", func() (bool, error) { return false, errors.New("it is grey") })
		if err == nil || !strings.Contains(err.Error(), "the moon is blue") || !strings.Contains(err.Error(), "grey") || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		tries := 0
		if err := until(t.Context(), "third time", func() (bool, error) { tries++; return tries == 3, nil }); err != nil {
			t.Error(err)
		}
	})
}
