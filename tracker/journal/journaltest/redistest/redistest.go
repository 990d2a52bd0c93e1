// Package redistest starts real redis-server processes for tests: alone, as a
// Cluster, or behind Sentinels. They listen on loopback, keep their files in
// the test's folder and end with the test.
//
// Without redis-server the tests that need it are skipped; with
// DRAY_TEST_REQUIRE=1 they fail instead.
package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is a redis-server process.
type Server struct {
	Addr     string
	t        testing.TB
	dir      string
	settings []string
	sentinel bool
	cmd      *exec.Cmd
}

// Start starts a server with these settings, each a name and a value as on
// redis-server's command line: "--requirepass", "secret".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s := prepare(t, settings...)
	s.Restart()
	return s
}

func prepare(t testing.TB, settings ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("DRAY_TEST_REQUIRE") == "1" {
			t.Fatal("redis-server is not installed (Debian package redis-server)")
		}
		t.Skip("SKIPPED: redis-server is not installed (Debian package redis-server)")
	}
	s := &Server{Addr: freeAddr(t), t: t, dir: t.TempDir(), settings: settings}
	t.Cleanup(s.Stop)
	return s
}

// freeAddr finds a port that is free, and so is the one 10000 above it, which
// a Cluster's servers use as well.
func freeAddr(t testing.TB) string {
	t.Helper()
	var listen net.ListenConfig
	for range 100 {
		l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		bus, err := listen.Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port+10_000))
		_ = l.Close()
		if err == nil {
			_ = bus.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("there are no free ports")
	return ""
}

// Restart starts the process again, after Stop, with what it has on disk:
// nothing, unless the settings say so.
func (s *Server) Restart() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.Addr)
	args := []string{"--port", port, "--bind", "127.0.0.1", "--dir", s.dir, "--save", "", "--appendonly", "no", "--logfile", "log"}
	if s.sentinel {
		args = append([]string{s.config()}, "--sentinel")
	}
	s.cmd = exec.CommandContext(context.Background(), "redis-server", append(args, s.settings...)...)
	s.cmd.Dir = s.dir
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	Eventually(s.t, 10*time.Second, "redis-server answers", func() bool {
		answer, _ := s.try("PING")
		return strings.Contains(answer, "PONG") || strings.Contains(answer, "NOAUTH")
	})
}

func (s *Server) config() string { return filepath.Join(s.dir, "sentinel.conf") }

// Stop ends the process at once, as SIGKILL does. It may be stopped already.
func (s *Server) Stop() {
	if s.cmd == nil || s.cmd.ProcessState != nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Freeze stops the process where it is; the kernel goes on to answer for it.
func (s *Server) Freeze() { _ = s.cmd.Process.Signal(syscall.SIGSTOP) }

// Thaw ends a Freeze.
func (s *Server) Thaw() { _ = s.cmd.Process.Signal(syscall.SIGCONT) }

// Do runs one command with redis-cli and gives what it prints.
func (s *Server) Do(command ...string) string {
	s.t.Helper()
	out, err := s.try(command...)
	if err != nil {
		s.t.Fatalf("redis-cli %v: %v: %s", command, err, out)
	}
	return out
}

func (s *Server) try(command ...string) (string, error) {
	host, port, _ := net.SplitHostPort(s.Addr)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "redis-cli", append([]string{"-h", host, "-p", port}, command...)...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// Eventually waits until the condition holds, and fails the test when that
// takes longer.
func Eventually(t testing.TB, deadline time.Duration, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for timeout := time.After(deadline); !condition(); {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("not within %s: %s", deadline, what)
		}
	}
}
