package compose_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/drayproject/dray/deploy/image/archive"
	"github.com/drayproject/dray/loadtest/testbed"
)

// standIn is in the base image's place, which a test can't get. It is called as
// go is, and hands out what this machine's Go has compiled from the same files.
const standIn = `#!/bin/sh -e
[ "$1" = build ] || exit 0
[ "$CGO_ENABLED $GOOS $GOARCH" = "0 $(busybox cat /programs/platform)" ]
while [ "$1" != -o ]; do shift; done
out=$2; shift 2
busybox mkdir -p "$out"
for package; do
	case "$package" in ./*) [ -d "$package" ];; esac
	busybox cp "/programs/${package##*/}" "$out"
done
`

func TestEveryTargetOfTheDockerfileIsBuilt(t *testing.T) {
	b := newBuilder(t, newEngine(t))
	dir := t.TempDir()
	b.export(dir)
	base, name := b.baseImage(dir)
	b.load(base)
	for target, version := range map[string]string{
		"tracker": "version", "seeder": "version", "loadtest": "--help", "containerd": "--version",
	} {
		image := "dray.test/dockerfile/" + target + ":test"
		b.build("--target="+target, "--build-arg=GO="+name, "--tag="+image, "--file=../../deploy/image/Dockerfile", "../..")
		t.Cleanup(func() { _, _ = b.run(context.Background(), "docker", "image", "rm", image) })
		if out := b.docker("run", "--rm", "--network=none", "--read-only", image, version); !strings.Contains(out, target) {
			t.Errorf("%s %s says %q", target, version, out)
		}
		user := strings.TrimSpace(b.docker("image", "inspect", "--format={{.Config.User}}", image))
		if wantRoot := target != "tracker"; (user == "0:0") != wantRoot {
			t.Errorf("%s runs as %q", target, user)
		}
	}
}

// builder is an engine and a program that has it build with BuildKit.
type builder struct {
	*engine
	program string
}

func newBuilder(t *testing.T, e *engine) *builder {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "Dockerfile")
	if err := os.WriteFile(file, []byte("FROM scratch\nCOPY Dockerfile /\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out string
	for _, program := range []string{testbed.Tool("docker"), "/usr/bin/docker"} {
		b := &builder{e, program}
		var err error
		if out, err = b.try("--output="+filepath.Join(dir, "out"), dir); err == nil {
			return b
		}
	}
	t.Skipf("THE DOCKERFILE IS NOT BUILT: this docker has no BuildKit; install its plugin buildx:\n%s", out)
	return nil
}

func (b *builder) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(b.t.Context(), commandDeadline)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.program, append([]string{"build"}, args...)...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST=unix://"+b.socket, "DOCKER_BUILDKIT=1", "BUILDKIT_PROGRESS=plain")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (b *builder) build(args ...string) {
	b.t.Helper()
	if out, err := b.try(args...); err != nil {
		b.t.Fatalf("docker build %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// export compiles the programs from what .dockerignore leaves of the sources,
// into dir/programs.
func (b *builder) export(dir string) {
	b.t.Helper()
	file, sources := filepath.Join(dir, "Dockerfile"), filepath.Join(dir, "sources")
	if err := os.WriteFile(file, []byte("FROM scratch\nCOPY . /\n"), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.build("--file="+file, "--output="+sources, "../..")
	cmd := exec.CommandContext(b.t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, "programs")+"/", "./tracker", "./seeder", "./loadtest")
	cmd.Dir, cmd.Env = sources, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.t.Fatalf("the Dockerfile's context: %v\n%s", err, out)
	}
}

func (b *builder) baseImage(dir string) (file, name string) {
	b.t.Helper()
	files := []archive.File{
		{Path: "/bin/go", Data: []byte(standIn), Mode: 0o755},
		{Path: "/bin/sh", From: testbed.Tool("busybox"), Mode: 0o755},
		{Path: "/bin/busybox", From: testbed.Tool("busybox"), Mode: 0o755},
		{Path: "/etc/ssl/certs/ca-certificates.crt", Data: []byte("none")},
		{Path: "/programs/platform", Data: []byte("linux " + runtime.GOARCH)},
		{Path: "/programs/containerd", From: testbed.Tool("containerd"), Mode: 0o755},
		{Path: "/programs/ctr", From: testbed.Tool("ctr"), Mode: 0o755},
	}
	for _, name := range []string{"tracker", "seeder", "loadtest"} {
		files = append(files, archive.File{Path: "/programs/" + name, From: filepath.Join(dir, "programs", name), Mode: 0o755})
	}
	layer, err := archive.Layer(files...)
	if err != nil {
		b.t.Fatal(err)
	}
	img, err := archive.Image(v1.Platform{OS: "linux", Architecture: runtime.GOARCH}, v1.Config{Env: []string{"PATH=/bin"}}, layer)
	if err != nil {
		b.t.Fatal(err)
	}
	file, name = filepath.Join(dir, "base.tar"), "dray.test/golang:test"
	if err := archive.Write(file, name, img); err != nil {
		b.t.Fatal(err)
	}
	return file, name
}
