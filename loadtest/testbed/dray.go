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
	return b.seeder(c.Host, append([]string{
		"--containerd-address=" + c.Socket,
		"--containerd-content-path=" + c.ContentPath,
	}, flags...))
}

// LoneSeeder starts a seeder with a store of its own in the folder root, and
// waits until it is ready. Nothing but the seeder runs on the host.
func (b *Bed) LoneSeeder(h *Host, root string, flags ...string) *Process {
	b.t.Helper()
	return b.seeder(h, append([]string{"--store=embedded", "--embedded-root=" + root}, flags...))
}

func (b *Bed) seeder(h *Host, flags []string) *Process {
	b.t.Helper()
	p := h.Start("seeder", b.binary("seeder"), append(seederFlags(h), flags...)...)
	p.WaitLog("seeder is ready", startDeadline)
	return p
}

// Doctor runs "seeder doctor" beside the containerd, with the settings that
// Seeder gives, to its end.
func (b *Bed) Doctor(c *Containerd, flags ...string) *Process {
	b.t.Helper()
	args := append([]string{
		"doctor",
		"--containerd-address=" + c.Socket,
		"--containerd-content-path=" + c.ContentPath,
	}, seederFlags(c.Host)...)
	p := c.Host.Start("doctor", b.binary("seeder"), append(args, flags...)...)
	b.Eventually(2*time.Minute, p.name+" has ended", func() bool {
		select {
		case <-p.ended:
			return true
		default:
			return false
		}
	})
	return p
}

// ExitCode is how the process has ended; -1 for a signal, or not yet.
func (p *Process) ExitCode() int {
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	default:
		return -1
	}
}

func seederFlags(h *Host) []string {
	return []string{
		"--node-name=" + h.Name,
		"--advertise=" + h.At(PeerPort),
		fmt.Sprintf("--mirror-listen=127.0.0.1:%d", MirrorPort),
		fmt.Sprintf("--peer-listen=:%d", PeerPort),
		fmt.Sprintf("--metrics-listen=127.0.0.1:%d", MetricsPort),
		"--log-level=debug",
		"--doctor=false",    // it would pull an image of its own
		"--min-free-disk=0", // all hosts share one disk, and it may be nearly full
	}
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
	args := []string{"build", "-tags=grpcnotrace", "-o", dir}
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
