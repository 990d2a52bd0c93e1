package testbed

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Containerd is a containerd on a host of its own, with CRI's image service and
// the overlayfs snapshotter, as on a Kubernetes node. It runs no containers.
type Containerd struct {
	Host        *Host
	Socket      string // its gRPC address
	ContentPath string // folder of its content store

	dir     string
	process *Process
}

// start-up is a matter of a second; a loaded machine may need more.
const startDeadline = 30 * time.Second

// Containerd starts a containerd on the host and waits until it answers.
func (b *Bed) Containerd(h *Host) *Containerd {
	b.t.Helper()
	dir := b.Dir(h.Name + "/containerd")
	c := &Containerd{
		Host:        h,
		Socket:      filepath.Join(dir, "containerd.sock"),
		ContentPath: filepath.Join(dir, "root", "io.containerd.content.v1.content"),
		dir:         dir,
	}
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(c.config()), 0o644); err != nil {
		b.t.Fatalf("testbed: %v", err)
	}
	c.Start()
	return c
}

// config leaves out the plugins that reach beyond the bed's folder or would
// look for what is not there.
func (c *Containerd) config() string {
	return fmt.Sprintf(`version = 3
root = %[1]q
state = %[2]q
disabled_plugins = [
  "io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.nri.v1.nri", "io.containerd.monitor.task.v1.cgroups",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.erofs", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = %[3]q
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
[plugins."io.containerd.cri.v1.images".registry]
  config_path = %[4]q
[plugins."io.containerd.cri.v1.runtime".cni]
  conf_dir = %[5]q
`, c.path("root"), c.path("state"), c.Socket, c.path("certs.d"), c.path("cni"))
}

func (c *Containerd) path(name string) string { return filepath.Join(c.dir, name) }

// Start starts containerd again after a Stop or a Kill, on the same folders.
func (c *Containerd) Start() {
	bed := c.Host.bed
	bed.t.Helper()
	c.process = c.Host.Start("containerd", Tool("containerd"), "--config", c.path("config.toml"))
	bed.Eventually(startDeadline, c.process.name+" answers", func() bool {
		_, err := c.ctr("version")
		return err == nil
	})
}

// Stop ends containerd as a service manager does.
func (c *Containerd) Stop() { c.process.Terminate(10 * time.Second) }

// Kill ends containerd without warning.
func (c *Containerd) Kill() { c.process.Kill() }

// Mirror has containerd ask the mirrors, in this order and then the upstream,
// for the images of a registry. Both are URLs. containerd reads it at its next
// pull.
func (c *Containerd) Mirror(registry, upstream string, mirrors ...string) {
	t := c.Host.bed.t
	t.Helper()
	dir := c.Host.bed.Dir(filepath.Join(c.Host.Name, "containerd", "certs.d", registry))
	if err := os.WriteFile(filepath.Join(dir, "hosts.toml"), []byte(hostsTOML(upstream, mirrors)), 0o644); err != nil {
		t.Fatalf("testbed: %v", err)
	}
}

// hostsTOML bounds the dial: without that a mirror that is down costs 30 s a
// request.
func hostsTOML(upstream string, mirrors []string) string {
	s := fmt.Sprintf("server = %q\n", upstream)
	for _, m := range mirrors {
		s += fmt.Sprintf("\n[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n  dial_timeout = \"200ms\"\n", m)
	}
	return s
}
