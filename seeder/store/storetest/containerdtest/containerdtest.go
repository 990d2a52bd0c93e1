// Package containerdtest starts a real containerd for a test: one process with
// folders and a socket of its own and only the services that a store needs.
//
// The program is looked for in the folder named by DRAY_TEST_BIN, then in
// PATH. Where it is missing, or the test does not run as root, the test is
// skipped; with DRAY_TEST_REQUIRE=1 it fails instead.
package containerdtest

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const patience = 30 * time.Second // for a start or a stop on a busy machine

// Containerd is a running containerd.
type Containerd struct {
	Address     string // of its socket
	ContentPath string // folder of its content store

	t       *testing.T
	program string
	config  string
	log     bytes.Buffer
	process *exec.Cmd
}

// Start starts a containerd that is stopped at the end of the test.
func Start(t *testing.T) *Containerd {
	t.Helper()
	program := find(t)
	// t.TempDir has long names, and a socket's path may have 107 bytes.
	dir, err := os.MkdirTemp("", "dray")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c := &Containerd{
		Address:     filepath.Join(dir, "c.sock"),
		ContentPath: filepath.Join(dir, "root", "io.containerd.content.v1.content"),
		t:           t,
		program:     program,
		config:      filepath.Join(dir, "config.toml"),
	}
	if err := os.WriteFile(c.config, []byte(config(dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	c.Start()
	return c
}

func config(dir string) string {
	return fmt.Sprintf(`version = 3
root = %q
state = %q
disabled_plugins = [
  "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri",
  "io.containerd.internal.v1.opt", "io.containerd.internal.v1.restart", "io.containerd.nri.v1.nri",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.erofs",
  "io.containerd.snapshotter.v1.overlayfs", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
address = %q
[ttrpc]
address = %q
`, filepath.Join(dir, "root"), filepath.Join(dir, "state"), filepath.Join(dir, "c.sock"), filepath.Join(dir, "c.sock.ttrpc"))
}

func find(t *testing.T) string {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("DRAY_TEST_REQUIRE") == "1" {
		missing = t.Fatalf
	}
	if os.Geteuid() != 0 {
		missing("NOT TESTED: containerd needs root")
	}
	if dir := os.Getenv("DRAY_TEST_BIN"); dir != "" {
		if p, err := exec.LookPath(filepath.Join(dir, "containerd")); err == nil {
			return p
		}
	}
	p, err := exec.LookPath("containerd")
	if err != nil {
		missing("NOT TESTED: needs containerd: run make tools")
	}
	return p
}

// Start starts it again after Stop or Kill.
func (c *Containerd) Start() {
	c.t.Helper()
	c.process = exec.CommandContext(c.t.Context(), c.program, "--config", c.config, "--log-level", "info")
	c.process.Stdout, c.process.Stderr = &c.log, &c.log
	c.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.process.Start(); err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	for !c.listening(ctx) {
		select {
		case <-ctx.Done():
			c.Kill()
			c.t.Fatalf("containerd does not listen on %s:\n%s", c.Address, c.log.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (c *Containerd) listening(ctx context.Context) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", c.Address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// Stop ends it as an init system would.
func (c *Containerd) Stop() { c.end(syscall.SIGTERM) }

// Kill ends it without warning.
func (c *Containerd) Kill() { c.end(syscall.SIGKILL) }

func (c *Containerd) end(sig os.Signal) {
	if c.process == nil {
		return
	}
	late := time.AfterFunc(patience, func() { _ = c.process.Process.Kill() })
	defer late.Stop()
	_ = c.process.Process.Signal(sig)
	_ = c.process.Wait() // its status is that of a killed process
	c.process = nil
}
