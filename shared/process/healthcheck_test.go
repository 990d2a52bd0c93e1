package process

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func check(t *testing.T, listen string) error {
	t.Helper()
	cfg := testConfig{}
	cmd := HealthcheckCommand(&cfg, func() string { return cfg.Listen })
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs([]string{"--listen", listen})
	return cmd.ExecuteContext(context.Background())
}

func TestAReadyProcessPassesTheHealthcheck(t *testing.T) {
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
		w.Write([]byte("loading"))
	}))
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	for _, listen := range []string{"127.0.0.1:" + port, ":" + port, "0.0.0.0:" + port, "[::]:" + port} {
		if err := check(t, listen); err != nil {
			t.Errorf("%s: %v", listen, err)
		}
	}
	status = http.StatusServiceUnavailable
	if err := check(t, "127.0.0.1:"+port); err == nil || !strings.Contains(err.Error(), "503") || !strings.Contains(err.Error(), "loading") {
		t.Errorf("a process that is not ready: %v", err)
	}
}

func TestNobodyThereFailsTheHealthcheck(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:1", "nonsense"} {
		if err := check(t, listen); err == nil {
			t.Errorf("%s passes", listen)
		}
	}
}
