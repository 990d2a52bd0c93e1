package testbed

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Ports of trackers and seeders on their hosts.
const (
	TrackerPort = 7070
	AdminPort   = 7071
	MirrorPort  = 5001
	PeerPort    = 5002
	MetricsPort = 5003
)

// MirrorURL is where a node's containerd asks its seeder.
var MirrorURL = fmt.Sprintf("http://127.0.0.1:%d", MirrorPort)

// Tracker starts a tracker on the host and waits until it listens. The flags
// come after the bed's own.
func (b *Bed) Tracker(h *Host, flags ...string) *Process {
	b.t.Helper()
	p := h.Start("tracker", b.binary("tracker"), append([]string{
		fmt.Sprintf("--listen=:%d", TrackerPort),
		fmt.Sprintf("--admin-listen=127.0.0.1:%d", AdminPort),
		"--log-level=debug",
	}, flags...)...)
	p.WaitLog("tracker is listening", startDeadline)
	return p
}

// Seeder starts a seeder beside the containerd and waits until it is ready. The
// flags come after the bed's own.
func (b *Bed) Seeder(c *Containerd, flags ...string) *Process {
	b.t.Helper()
	p := c.Host.Start("seeder", b.binary("seeder"), append([]string{
		"--node-name=" + c.Host.Name,
		"--advertise=" + c.Host.At(PeerPort),
		fmt.Sprintf("--mirror-listen=127.0.0.1:%d", MirrorPort),
		fmt.Sprintf("--peer-listen=:%d", PeerPort),
		fmt.Sprintf("--metrics-listen=127.0.0.1:%d", MetricsPort),
		"--containerd-address=" + c.Socket,
		"--containerd-content-path=" + c.ContentPath,
		"--log-level=debug",
	}, flags...)...)
	p.WaitLog("seeder is ready", startDeadline)
	return p
}

// binary is the path of one of this repository's own programs, built from the
// sources as they are. DRAY_TEST_RACE=1 builds it with the race detector.
func (b *Bed) binary(name string) string {
	b.t.Helper()
	dir, err := build()
	if err != nil {
		b.t.Fatalf("testbed: %v", err)
	}
	return filepath.Join(dir, name)
}

// build builds once per run. The folder is left to the next run's cleaning up:
// other beds of this one may need it until the end.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-0-bin", namePrefix, os.Getpid()))
	if err != nil {
		return "", err
	}
	args := []string{"build", "-o", dir}
	if os.Getenv("DRAY_TEST_RACE") == "1" {
		args = append(args, "-race")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append(args, "./tracker", "./seeder")...)
	cmd.Dir = repository()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return dir, nil
})
