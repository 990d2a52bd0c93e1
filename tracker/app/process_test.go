package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asTracker makes the test binary be a tracker, in a process that can be
// stopped like any other.
const asTracker = "DRAY_TEST_AS_TRACKER"

// TestMain is the tracker's main function when it is asked to be.
func TestMain(m *testing.M) {
	if os.Getenv(asTracker) == "" {
		os.Exit(m.Run())
	}
	cfg := Default()
	cfg.Listen, cfg.AdminListen, cfg.HeartbeatInterval = "127.0.0.1:0", "127.0.0.1:0", 200*time.Millisecond
	tracker, err := New(cfg, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		panic(err)
	}
	fmt.Println(tracker.NodeAddr(), tracker.AdminAddr())
	_ = tracker.Run(context.Background())
}

// startProcess runs a tracker in a process of its own, until the test ends.
func startProcess(t *testing.T) (p *os.Process, nodes, admin string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), asTracker+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if _, err := fmt.Fscanln(out, &nodes, &admin); err != nil {
		t.Fatal(err)
	}
	return cmd.Process, nodes, admin
}

func metricsOf(t *testing.T, admin string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The nodes go on trying while the tracker stands still, give their requests
// up and reconnect, as seeders do.
func TestTrackerThatStoodStillDeclaresNobodyDead(t *testing.T) {
	process, addr, admin := startProcess(t)
	asker := crowd(t, addr, 20, oneZone)[0]
	eventually(t, func() bool { return len(asker.sees(layer(0))) == 16 })
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	<-time.After(3 * time.Second) // fifteen heartbeats
	if err := process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if got := asker.sees(layer(0)); len(got) != 16 {
			t.Fatalf("only %v are given", got)
		}
		<-time.After(20 * time.Millisecond)
	}
	// One verdict would have left a counter behind.
	if m := metricsOf(t, admin); !strings.Contains(m, `dray_tracker_nodes{state="dead"} 0`) || strings.Contains(m, `",state="dead"}`) {
		t.Fatalf("somebody died:\n%s", m)
	}
}
