package app

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/seeder/status"
	"github.com/drayproject/dray/seeder/transfers"
)

// free is a configuration that needs nothing: every address is a free one.
func free(t *testing.T) Config {
	t.Helper()
	cfg := Default()
	cfg.NodeName = "n1"
	cfg.MirrorListen, cfg.PeerListen, cfg.MetricsListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Store, cfg.EmbeddedRoot = "embedded", t.TempDir()
	return cfg
}

// start runs a seeder until stop is called or the test ends.
func start(t *testing.T, cfg Config) (a *App, stop func()) {
	t.Helper()
	a, err := New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Run: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("Run does not end")
		}
	}
	t.Cleanup(stop)
	return a, stop
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
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
	return res.StatusCode, string(b)
}

// wait polls until the seeder has walked through its store.
func wait(t *testing.T, a *App) health {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		status, body := get(t, "http://"+a.MetricsAddr()+"/readyz")
		var h health
		if err := json.Unmarshal([]byte(body), &h); err != nil {
			t.Fatalf("readyz says %q: %v", body, err)
		}
		if h.Ready != (status == http.StatusOK) {
			t.Fatalf("readyz says %q with status %d", body, status)
		}
		if h.Ready {
			return h
		}
		if time.Now().After(deadline) {
			t.Fatal("not ready")
		}
	}
}

func TestASeederAloneIsReadyAndHasNothing(t *testing.T) {
	a, _ := start(t, free(t))
	if h := wait(t, a); !h.Store || h.Digests != 0 || h.Trackers != 0 {
		t.Errorf("health %+v", h)
	}
	if status, _ := get(t, "http://"+a.MirrorAddr()+"/v2/"); status != http.StatusOK {
		t.Errorf("the mirror answers /v2/ with %d", status)
	}
	unknown := "/v2/app/blobs/sha256:" + strings.Repeat("0", 64) + "?ns=registry.example"
	for _, base := range []string{a.MirrorAddr(), a.PeerAddr()} {
		if status, body := get(t, "http://"+base+unknown); status != http.StatusNotFound || !strings.Contains(body, "BLOB_UNKNOWN") {
			t.Errorf("an unknown blob is %d %s", status, body)
		}
	}
}

// An unclean path must reach the mirror: a redirect is no answer of its.
func TestTheMirrorListenerDoesNotRedirect(t *testing.T) {
	a, _ := start(t, free(t))
	if status, _ := get(t, "http://"+a.MirrorAddr()+"/v2//../app/manifests/x"); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
}

func TestPullsAreAskedForOnTheMirrorsListener(t *testing.T) {
	a, _ := start(t, free(t))
	if status, _ := get(t, "http://"+a.MirrorAddr()+"/dray/v1/pull"); status != http.StatusMethodNotAllowed {
		t.Errorf("a GET of the pull endpoint is %d", status)
	}
	if status, _ := get(t, "http://"+a.PeerAddr()+"/dray/v1/pull"); status == http.StatusMethodNotAllowed {
		t.Error("a neighbour can ask for pulls")
	}
}

func TestAddressesAreReleased(t *testing.T) {
	a, stop := start(t, free(t))
	wait(t, a)
	stop()
	for _, addr := range []string{a.MirrorAddr(), a.PeerAddr(), a.MetricsAddr()} {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", addr)
		if err != nil {
			t.Errorf("still taken: %v", err)
			continue
		}
		l.Close()
	}
}

func TestNodesWithoutContainerdStillAnswer(t *testing.T) {
	cfg := free(t)
	cfg.Store = "containerd"
	cfg.ContainerdAddress, cfg.ContainerdContentPath = t.TempDir()+"/none.sock", t.TempDir()
	a, _ := start(t, cfg)
	unknown := "/v2/app/blobs/sha256:" + strings.Repeat("0", 64)
	if status, _ := get(t, "http://"+a.MirrorAddr()+unknown); status != http.StatusNotFound {
		t.Errorf("without containerd the mirror answers %d", status)
	}
	if status, _ := get(t, "http://"+a.MetricsAddr()+"/livez"); status != http.StatusOK {
		t.Errorf("livez is %d", status)
	}
}

func TestMetricsAreWellFormed(t *testing.T) {
	a, _ := start(t, free(t))
	wait(t, a)
	_, body := get(t, "http://"+a.MetricsAddr()+"/metrics")
	for line := range strings.Lines(body) {
		name, _, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(name, "dray_seeder_") && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("%s is not one of ours", name)
		}
	}
	if !strings.Contains(body, "dray_seeder_uploads 0") {
		t.Error("dray_seeder_uploads is missing")
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"store":         func(c *Config) { c.Store = "shelf" },
		"advertise":     func(c *Config) { c.Advertise = "10.0.0.1" },
		"upload-rate":   func(c *Config) { c.UploadRate = -1 },
		"download-rate": func(c *Config) { c.DownloadRate = 1000 },
		"fetch-sources": func(c *Config) { c.FetchSources = 0 },
		"fetch-window":  func(c *Config) { c.FetchWindow = 33 << 20 },
		"fetch-memory":  func(c *Config) { c.FetchMemory = 1 << 20 },
		"min-free-disk": func(c *Config) { c.MinFreeDisk = 100 },
		"origin-wait":   func(c *Config) { c.OriginWait = time.Minute },
		"walk":          func(c *Config) { c.WalkInterval = 0 },
		"sometimes":     func(c *Config) { c.TagPolicy = map[string]string{"*": "sometimes"} },
		"peer":          func(c *Config) { c.PeerListen = "256.0.0.1:1" },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := free(t)
			spoil(&cfg)
			_, err := New(t.Context(), cfg, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTheStatusIsToldToThisMachineAlone(t *testing.T) {
	a, _ := start(t, free(t))
	wait(t, a)
	s, err := status.Ask(t.Context(), a.MirrorAddr(), 5)
	if err != nil {
		t.Fatal(err)
	}
	if s.Node != "n1" || !s.Ready || !s.Store || len(s.Recent) != 0 {
		t.Errorf("the status is %+v", s)
	}
	unknown := "/v2/app/blobs/sha256:" + strings.Repeat("0", 64) + "?ns=registry.example"
	_, _ = get(t, "http://"+a.MirrorAddr()+unknown)
	if s, err = status.Ask(t.Context(), a.MirrorAddr(), 5); err != nil || len(s.Recent) != 1 || s.Recent[0].Result != transfers.Miss {
		t.Errorf("after a miss the status is %+v, %v", s, err)
	}
	if code, _ := get(t, "http://"+a.PeerAddr()+status.Path); code != http.StatusNotFound {
		t.Errorf("a neighbour who asks for it gets %d", code)
	}
}
