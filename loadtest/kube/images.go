package kube

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"

	"github.com/drayproject/dray/deploy/image/archive"
	"github.com/drayproject/dray/loadtest/testbed"
)

var platform = v1.Platform{OS: "linux", Architecture: runtime.GOARCH}

// workshop makes images in a temporary folder.
type workshop struct {
	dir  string
	idle string // the program that they run
	run  uint64 // so that nodes know no image of an earlier run
}

func newWorkshop(t testbed.T) *workshop {
	dir, err := os.MkdirTemp("", "dray-e2e-kube-")
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	w := &workshop{dir: dir, idle: filepath.Join(dir, "idle"), run: uint64(time.Now().UnixNano()) << 16}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", w.idle, "./loadtest/kube/idle")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the program that images run: %v\n%s", err, out)
	}
	return w
}

// app makes an image that runs, with so many layers of so many random bytes. It
// returns the archive and the size of the layers together.
func (w *workshop) app(number uint64, layers, size int) (file string, bytes int64, err error) {
	seed := w.run + number<<8
	all := make([]v1.Layer, 0, layers+1)
	program, err := archive.Layer(
		archive.File{Path: "/idle", From: w.idle, Mode: 0o755},
		archive.File{Path: "/seed", Data: noise(seed, 8)}, // no two images share this layer
	)
	if err != nil {
		return "", 0, err
	}
	all = append(all, program)
	for i := range layers {
		l, err := archive.Layer(archive.File{Path: fmt.Sprintf("/data/%d", i), Data: noise(seed+1+uint64(i), size)})
		if err != nil {
			return "", 0, err
		}
		all = append(all, l)
	}
	img, err := archive.Image(platform, v1.Config{Entrypoint: []string{"/idle"}}, all...)
	if err != nil {
		return "", 0, err
	}
	file = filepath.Join(w.dir, fmt.Sprintf("app-%d.tar", number))
	return file, sum(all), w.pack(img, file)
}

// pack writes an OCI archive of one manifest, which keeps its digest in any
// registry that it is pushed to.
func (w *workshop) pack(img v1.Image, file string) error {
	dir, err := os.MkdirTemp(w.dir, "layout-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	index, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	if err := index.AppendImage(img); err != nil {
		return err
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	tw := tar.NewWriter(out)
	return errors.Join(tw.AddFS(os.DirFS(dir)), tw.Close(), out.Close())
}

func sum(layers []v1.Layer) (bytes int64) {
	for _, l := range layers {
		if n, err := l.Size(); err == nil {
			bytes += n
		}
	}
	return bytes
}

func noise(seed uint64, size int) []byte {
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	data := make([]byte, size)
	_, _ = rand.NewChaCha8(key).Read(data)
	return data
}

var library = regexp.MustCompile(`/\S+`)

// redis packs Debian's Redis server and the libraries that it needs.
func (w *workshop) redis(ctx context.Context, ref string) (file string, err error) {
	program, err := exec.LookPath(testbed.Tool("redis-server"))
	if err != nil {
		return "", fmt.Errorf("%w: run loadtest/testbed/tools.sh test", err)
	}
	libraries, err := exec.CommandContext(ctx, "ldd", program).Output()
	if err != nil {
		return "", fmt.Errorf("ldd %s: %w", program, err)
	}
	files := []archive.File{{Path: "/redis-server", From: program, Mode: 0o755}}
	for _, path := range library.FindAllString(string(libraries), -1) {
		files = append(files, archive.File{Path: path, From: path, Mode: 0o755})
	}
	layer, err := archive.Layer(files...)
	if err != nil {
		return "", err
	}
	img, err := archive.Image(platform, v1.Config{Entrypoint: []string{"/redis-server"}}, layer)
	if err != nil {
		return "", err
	}
	file = filepath.Join(w.dir, "redis.tar")
	return file, archive.Write(file, ref, img)
}
