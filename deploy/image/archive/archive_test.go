package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

const ref = "registry.test/dray/app:1"

// write makes an archive of an image for two platforms.
func write(t *testing.T) (file string) {
	t.Helper()
	var images []v1.Image
	for _, arch := range []string{"arm64", "amd64", "riscv64"} {
		layer, err := Layer(File{Path: "/bin/app", Data: []byte("for " + arch), Mode: 0o755}, File{Path: "/etc/app/settings", Data: []byte("x")})
		if err != nil {
			t.Fatal(err)
		}
		img, err := Image(v1.Platform{OS: "linux", Architecture: arch}, v1.Config{Entrypoint: []string{"/bin/app"}}, layer)
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, img)
	}
	file = filepath.Join(t.TempDir(), "app.tar")
	if err := Write(file, ref, images...); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestDockerFindsTheImageOfThisMachine(t *testing.T) {
	file := write(t)
	manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(file) })
	if err != nil || len(manifest) != 1 || manifest[0].RepoTags[0] != ref {
		t.Fatalf("the archive names %v, %v", manifest, err)
	}
	img, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(img); err != nil {
		t.Error(err)
	}
	config, err := img.ConfigFile()
	if err != nil || config.Architecture != runtime.GOARCH {
		t.Errorf("the image is for %s, %v", config.Architecture, err)
	}
}

func TestTheLayoutHasAllPlatforms(t *testing.T) {
	dir := unpack(t, write(t))
	top, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(top); err != nil {
		t.Error(err)
	}
	m, err := top.IndexManifest()
	if err != nil || len(m.Manifests) != 1 || m.Manifests[0].Annotations["io.containerd.image.name"] != ref {
		t.Fatalf("the layout names %v, %v", m, err)
	}
	platforms, err := top.ImageIndex(m.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := platforms.IndexManifest(); err != nil || len(m.Manifests) != 3 {
		t.Errorf("platforms: %v, %v", m.Manifests, err)
	}
}

func TestLayersHaveFilesAndFoldersOfRoot(t *testing.T) {
	layer, err := Layer(File{Path: "/bin/app", Data: []byte("app"), Mode: 0o755}, File{Path: "/etc/app/settings", Data: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	r, err := layer.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	modes := map[string]int64{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if h.Uid != 0 || h.Gid != 0 {
			t.Errorf("%s is not root's", h.Name)
		}
		modes[h.Name] = h.Mode
	}
	for name, mode := range map[string]int64{"bin/": 0o755, "etc/": 0o755, "etc/app/": 0o755, "bin/app": 0o755, "etc/app/settings": 0o644} {
		if modes[name] != mode {
			t.Errorf("%s has mode %o, want %o", name, modes[name], mode)
		}
	}
}

func TestTheSameFilesGiveTheSameArchive(t *testing.T) {
	one, err := os.ReadFile(write(t))
	if err != nil {
		t.Fatal(err)
	}
	two, err := os.ReadFile(write(t))
	if err != nil || !bytes.Equal(one, two) {
		t.Errorf("they differ: %v", err)
	}
}

func TestAMissingFileLeavesNoArchive(t *testing.T) {
	if _, err := Layer(File{Path: "/x", From: "/nowhere"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	dir := t.TempDir()
	if err := Write(filepath.Join(dir, "x.tar"), ref); err == nil {
		t.Error("an archive of nothing")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func unpack(t *testing.T, file string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for tr := tar.NewReader(f); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return dir
		} else if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, h.Name)
		body, err := io.ReadAll(tr)
		if err == nil {
			err = errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, body, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
