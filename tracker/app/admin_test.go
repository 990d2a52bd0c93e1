package app

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheAdminTokenIsReadFromWhereItIs(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, c := range map[string]struct {
		cfg  Config
		want string
		err  string
	}{
		"none":        {Config{}, "", ""},
		"given":       {Config{AdminToken: "secret"}, "secret", ""},
		"in a file":   {Config{AdminTokenFile: file("good", "secret\n")}, "secret", ""},
		"both":        {Config{AdminToken: "a", AdminTokenFile: file("other", "b")}, "", "not both"},
		"no file":     {Config{AdminTokenFile: filepath.Join(dir, "nothing")}, "", "admin-token-file"},
		"empty file":  {Config{AdminTokenFile: file("empty", " \n")}, "", "is empty"},
		"white space": {Config{AdminToken: "secret\n"}, "", "white space"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.cfg.adminToken()
			if got != c.want || (err == nil) != (c.err == "") || (err != nil && !strings.Contains(err.Error(), c.err)) {
				t.Fatalf("%q, %v; want %q, %q", got, err, c.want, c.err)
			}
		})
	}
}

func TestATrackerWithAnUnreadableTokenDoesNotStart(t *testing.T) {
	cfg := Default()
	cfg.Listen, cfg.AdminListen, cfg.AdminTokenFile = "127.0.0.1:0", "127.0.0.1:0", "/nowhere/token"
	if _, err := New(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "admin-token-file") {
		t.Fatalf("got %v", err)
	}
}

func TestTheTokenGuardsTheListener(t *testing.T) {
	tracker := start(t, func(c *Config) { c.AdminToken = "secret" })
	for path, want := range map[string]int{"/admin/v1/summary": 401, "/metrics": 401, "/readyz": 200, "/livez": 200} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+tracker.AdminAddr()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %d; want %d", path, res.StatusCode, want)
		}
	}
}

func TestWhatIsOnLoopback(t *testing.T) {
	for addr, want := range map[string]bool{
		"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, ":1": false, "0.0.0.0:1": false, "[::]:1": false, "10.0.0.1:1": false, "tracker:1": false,
	} {
		if got := onLoopback(addr); got != want {
			t.Errorf("%s: %v", addr, got)
		}
	}
}
