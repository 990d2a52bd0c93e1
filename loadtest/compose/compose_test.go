// The whole of docker-compose.yml, on a real Docker Engine.
package compose_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// registryOfImages begins the names of our images: an engine that people use
// may have others of the same name.
const registryOfImages = "dray.test/own"

// project is docker-compose.yml under a name of its own.
type project struct {
	*engine
	name string
	env  []string
}

func newProject(t *testing.T, e *engine) *project {
	t.Helper()
	p := &project{engine: e, name: fmt.Sprintf("draytest%d", os.Getpid())}
	dir := t.TempDir()
	redisFile, redis := redisImage(t, dir)
	registryFile, registry := registryImage(t, dir)
	e.load(append(ownImages(t, dir), redisFile, registryFile)...)
	p.env = []string{
		"DOCKER_HOST=unix://" + e.socket, "DOCKER_SOCKET=" + e.socket,
		"DRAY_IMAGES=" + registryOfImages, "DRAY_TAG=test", "REDIS_IMAGE=" + redis, "REGISTRY_IMAGE=" + registry,
		"TRACKER1_PORT=0", "TRACKER2_PORT=0",
	}
	t.Cleanup(p.remove)
	return p
}

// ownImages are those that `make images` makes, and that of the nodes.
func ownImages(t *testing.T, dir string) (files []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "run", "github.com/drayproject/dray/deploy/image",
		"--out", dir, "--registry", registryOfImages, "--tag", "test", "--containerd", filepath.Dir(testbed.Tool("containerd")))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"tracker", "seeder", "loadtest", "containerd"} {
		files = append(files, filepath.Join(dir, name+".tar"))
	}
	return files
}

// compose runs a command on the project, which must succeed.
func (p *project) compose(args ...string) string {
	p.t.Helper()
	out, err := p.try(p.t.Context(), args...)
	if err != nil {
		p.t.Fatalf("docker compose %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (p *project) try(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandDeadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, testbed.Tool("docker-compose"), append([]string{
		"--ansi=never", "--progress=quiet", "--file=../../docker-compose.yml", "--project-name=" + p.name, "--profile=demo",
	}, args...)...)
	cmd.Env = append(os.Environ(), p.env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// remove leaves nothing, however the test has gone.
func (p *project) remove() {
	if p.t.Failed() {
		logs, _ := p.try(context.Background(), "logs", "--no-color", "--tail=40")
		p.t.Log(logs)
	}
	_, _ = p.try(context.Background(), "down", "--volumes", "--timeout=1")
}

// left is all that the engine still has of the project.
func (p *project) left() (all []string) {
	p.t.Helper()
	label := "--filter=label=com.docker.compose.project=" + p.name
	for _, list := range [][]string{{"ps", "--all", "--quiet"}, {"network", "ls", "--quiet"}, {"volume", "ls", "--quiet"}} {
		all = append(all, strings.Fields(p.docker(append(list, label)...))...)
	}
	return all
}

func TestTheComposeDemo(t *testing.T) {
	p := newProject(t, newEngine(t))
	p.compose("up", "--no-build", "--wait", "--wait-timeout=120", "redis", "registry", "tracker1", "tracker2", "seeder1", "seeder2", "seeder3")
	p.wantTrackersReachable()

	out := p.compose("up", "--no-build", "--no-log-prefix", "--exit-code-from=demo", "demo")
	t.Logf("\n%s", out)
	p.wantDemoDone(out)
	p.wantEverythingRunning()
	p.wantVerifiedStores()

	if all := p.left(); len(all) < 11+1+7 { // containers, a network, volumes
		t.Errorf("the engine knows only of %v", all)
	}
	p.compose("down", "--volumes")
	if left := p.left(); len(left) > 0 {
		t.Errorf("down has left %v", left)
	}
}

// wantTrackersReachable: their admin listeners are published on loopback.
func (p *project) wantTrackersReachable() {
	p.t.Helper()
	for _, tracker := range []string{"tracker1", "tracker2"} {
		addr := strings.TrimSpace(p.compose("port", tracker, "7071"))
		if !strings.HasPrefix(addr, "127.0.0.1:") {
			p.t.Errorf("%s is published on %s", tracker, addr)
		}
		req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, "http://"+addr+"/readyz", http.NoBody)
		if err != nil {
			p.t.Fatal(err)
		}
		res, err := p.client.Do(req)
		if err != nil {
			p.t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if !strings.Contains(string(body), `"ready":3`) {
			p.t.Errorf("%s says %s", tracker, body)
		}
	}
}

// wantDemoDone: it has killed one of each, and nodes have gone on pulling. Its
// exit status has been checked already.
func (p *project) wantDemoDone(out string) {
	p.t.Helper()
	lines := strings.Split(out, "\n")
	for _, victim := range []string{"node", "tracker", "redis"} {
		killed := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, " "+victim) && strings.Contains(l, " killed") })
		if killed < 0 {
			p.t.Errorf("no %s was killed", victim)
			continue
		}
		if !slices.ContainsFunc(lines[killed:], func(l string) bool { return strings.Contains(l, "has pulled and verified") }) {
			p.t.Errorf("nobody has pulled after %s was killed", victim)
		}
	}
	if !strings.Contains(out, "pulls, none failed") {
		p.t.Error("it does not say that all pulls were verified")
	}
}

// wantEverythingRunning: what was killed is back.
func (p *project) wantEverythingRunning() {
	p.t.Helper()
	running := strings.Fields(p.compose("ps", "--services", "--status=running"))
	if len(running) != 10 {
		p.t.Errorf("these run: %v", running)
	}
}

// wantVerifiedStores hashes the nodes' content where the engine keeps its
// volumes: another way to it than the demo's.
func (p *project) wantVerifiedStores() {
	p.t.Helper()
	for _, node := range []string{"node1", "node2", "node3"} {
		volume := strings.TrimSpace(p.docker("volume", "inspect", "--format={{.Mountpoint}}", p.name+"_"+node+"-lib"))
		blobs, err := imagekit.Verify(filepath.Join(volume, "io.containerd.content.v1.content", "blobs", "sha256"), nil)
		if err != nil {
			p.t.Error(err)
		}
		// Five pulls of an index, a manifest, a configuration and four layers.
		if blobs < 5*7 {
			p.t.Errorf("%s has %d blobs", node, blobs)
		}
		p.t.Logf("%s: %d blobs hashed", node, blobs)
	}
}
