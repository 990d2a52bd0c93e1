package compose_test

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/drayproject/dray/deploy/image/archive"
	"github.com/drayproject/dray/loadtest/testbed"
)

// Redis and the registry come from this machine's Debian packages: their
// programs and the libraries that these need, in images with nothing else. They
// stand in for those of the public registry, which a test must not need, and
// take the same commands.

func redisImage(t *testing.T, dir string) (file, name string) {
	t.Helper()
	files := slices.Concat(program(t, "redis-server", "/bin/redis-server"), program(t, "redis-cli", "/bin/redis-cli"))
	return debianImage(t, dir, "redis", v1.Config{}, files)
}

func registryImage(t *testing.T, dir string) (file, name string) {
	t.Helper()
	files := slices.Concat(
		program(t, "docker-registry", "/bin/registry"),
		program(t, "busybox", "/bin/wget"),
		[]archive.File{{Path: "/etc/registry.yml", Data: []byte(registryConfig)}},
	)
	return debianImage(t, dir, "registry", v1.Config{Cmd: []string{"registry", "serve", "/etc/registry.yml"}}, files)
}

const registryConfig = `version: 0.1
storage:
  filesystem: {rootdirectory: /var/lib/registry}
http: {addr: ":5000"}
`

func debianImage(t *testing.T, dir, name string, config v1.Config, files []archive.File) (file, ref string) {
	t.Helper()
	layer, err := archive.Layer(unique(files)...)
	if err != nil {
		t.Fatal(err)
	}
	config.Env = []string{"PATH=/bin"}
	img, err := archive.Image(v1.Platform{OS: "linux", Architecture: runtime.GOARCH}, config, layer)
	if err != nil {
		t.Fatal(err)
	}
	file, ref = filepath.Join(dir, name+".tar"), "dray.test/debian/"+name+":test"
	if err := archive.Write(file, ref, img); err != nil {
		t.Fatal(err)
	}
	return file, ref
}

// program is a program of this machine, to be at another path, and the
// libraries that it is linked with, where they are.
func program(t *testing.T, name, path string) []archive.File {
	t.Helper()
	from := testbed.Tool(name)
	files := []archive.File{{Path: path, From: from, Mode: 0o755}}
	out, err := exec.CommandContext(t.Context(), "ldd", from).Output()
	if err != nil {
		return files // it is static
	}
	for _, word := range strings.Fields(string(out)) {
		if strings.HasPrefix(word, "/") {
			files = append(files, archive.File{Path: word, From: word, Mode: 0o755})
		}
	}
	return files
}

// unique drops what two programs share.
func unique(files []archive.File) []archive.File {
	seen := map[string]bool{}
	return slices.DeleteFunc(files, func(f archive.File) bool {
		was := seen[f.Path]
		seen[f.Path] = true
		return was
	})
}
