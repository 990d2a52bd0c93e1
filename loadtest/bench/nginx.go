package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

const nginxPort = 8080

// startNginx serves the files of a folder as Debian's nginx does by default, with
// one worker and no log.
func startNginx(t testbed.T, b *testbed.Bed, h *testbed.Host, root string) *testbed.Process {
	t.Helper()
	dir := b.Dir(h.Name + "/nginx")
	config := filepath.Join(dir, "nginx.conf")
	err := os.WriteFile(config, fmt.Appendf(nil, `
user root;
daemon off;
worker_processes 1;
pid %[1]s/pid;
error_log stderr;
events {}
http {
  sendfile on;
  tcp_nopush on;
  access_log off;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  keepalive_requests 1000000;
  server { listen %[2]d; root %[3]s; }
}
`, dir, nginxPort, root), 0o644)
	if err != nil {
		t.Fatalf("nginx: %w", err)
	}
	p := h.Start("nginx", testbed.Tool("nginx"), "-c", config)
	b.Eventually(10*time.Second, "nginx listens", func() bool {
		c, err := h.Dial(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", nginxPort))
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return p
}
