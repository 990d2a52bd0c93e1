package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

const nginxPort = 8080

// startNginx starts one on the node's host, set as Debian sets it but with one worker
// and no log. It serves the giver's files by sendfile(2), and below /relay/ it
// is a proxy for the giver's nginx, without files of its own.
func (p *pair) startNginx(n *node) *testbed.Process {
	t, h := p.t, n.Host
	t.Helper()
	dir := p.Dir(h.Name + "/nginx")
	files := filepath.Join(p.giver.ContentPath, "blobs", "sha256")
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
  server {
    listen %[2]d;
    root %[3]s;
    location /relay/ {
      proxy_pass http://%[4]s/;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_max_temp_file_size 0;
    }
  }
}
`, dir, nginxPort, files, p.giver.Host.At(nginxPort)), 0o644)
	if err != nil {
		t.Fatalf("nginx: %w", err)
	}
	process := h.Start("nginx", testbed.Tool("nginx"), "-c", config)
	p.Eventually(10*time.Second, "nginx listens", func() bool {
		c, err := h.Dial(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", nginxPort))
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return process
}
