package compose_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/drayproject/dray/deploy/image/archive"
	"github.com/drayproject/dray/loadtest/testbed"
)

// What docker loads, containerd imports: all platforms, under the same name.
func TestContainerdImportsTheArchives(t *testing.T) {
	testbed.Require(t)
	const ref = "dray.test/own/app:test"
	var images []v1.Image
	for _, arch := range []string{"amd64", "arm64"} {
		layer, err := archive.Layer(archive.File{Path: "/app", Data: []byte("for " + arch)})
		if err != nil {
			t.Fatal(err)
		}
		img, err := archive.Image(v1.Platform{OS: "linux", Architecture: arch}, v1.Config{}, layer)
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, img)
	}
	file := filepath.Join(t.TempDir(), "app.tar")
	if err := archive.Write(file, ref, images...); err != nil {
		t.Fatal(err)
	}
	bed := testbed.New(t)
	c := bed.Containerd(bed.Host("n1"))
	ctr := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), testbed.Tool("ctr"), append([]string{"--address", c.Socket, "--namespace", "k8s.io"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("ctr %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	ctr("images", "import", "--all-platforms", file)
	if out := ctr("images", "check", "name=="+ref); !strings.Contains(out, ref) || !strings.Contains(out, "complete") {
		t.Errorf("containerd has\n%s", out)
	}
}
