package compose_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

// commandDeadline is far more than any command needs, the demo included.
const commandDeadline = 6 * time.Minute

// engine is a real Docker Engine: the one that runs on this machine, or one
// that the test starts.
type engine struct {
	t      *testing.T
	socket string
	client *http.Client // reaches the ports that containers publish
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	testbed.Require(t, "docker", "docker-compose", "dockerd", "unshare", "redis-server", "redis-cli", "busybox")
	e := &engine{t: t, socket: "/var/run/docker.sock", client: http.DefaultClient}
	if host, ok := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://"); ok {
		e.socket = host
	}
	if !e.answers() {
		e.start()
	}
	return e
}

// start starts an engine in a network, a mount and a process namespace of its
// own: its bridges, rules and mounts are nobody else's, and whatever it runs
// dies with it, however it ends.
func (e *engine) start() {
	e.t.Helper()
	bed := testbed.New(e.t)
	h := bed.Host("engine")
	dir := bed.Dir("docker")
	e.socket, e.client = filepath.Join(dir, "docker.sock"), h.Client()
	dockerd := h.Start("dockerd", testbed.Tool("unshare"),
		"--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
		testbed.Tool("dockerd"), "--log-level=warn", "--host=unix://"+e.socket,
		"--data-root="+filepath.Join(dir, "data"), "--exec-root="+filepath.Join(dir, "exec"), "--pidfile="+filepath.Join(dir, "pid"))
	e.t.Cleanup(func() { dockerd.Terminate(20 * time.Second) })
	bed.Eventually(time.Minute, "the engine answers", e.answers)
}

func (e *engine) answers() bool {
	ctx, cancel := context.WithTimeout(e.t.Context(), 5*time.Second)
	defer cancel()
	_, err := e.run(ctx, "docker", "version")
	return err == nil
}

// load loads images, which are gone again after the test.
func (e *engine) load(files ...string) {
	e.t.Helper()
	for _, file := range files {
		out := e.docker("load", "--quiet", "--input", file)
		name := strings.TrimSpace(strings.TrimPrefix(out, "Loaded image:"))
		e.t.Cleanup(func() { _, _ = e.run(context.Background(), "docker", "image", "rm", name) })
	}
}

// docker runs a command that must succeed.
func (e *engine) docker(args ...string) string {
	e.t.Helper()
	out, err := e.run(e.t.Context(), "docker", args...)
	if err != nil {
		e.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (e *engine) run(ctx context.Context, program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandDeadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, testbed.Tool(program), args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST=unix://"+e.socket)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
