package testbed

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Tool is the path of a program that tests run. It is looked for in the folder
// that DRAY_TEST_BIN names, else in the repository's .cache/bin, then in PATH
// and where Debian keeps programs for root. A name that is nowhere comes back
// unchanged: running it says what is missing.
func Tool(name string) string {
	own := os.Getenv("DRAY_TEST_BIN")
	if own == "" {
		own = Cache("bin")
	}
	if path, err := exec.LookPath(filepath.Join(own, name)); err == nil {
		return path
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	return name
}

// Cache is a path within the repository's .cache folder, which git ignores and
// `make clean` removes. Outside of a repository it is a temporary folder's.
func Cache(elem ...string) string {
	root := repository()
	if root == "" {
		root = os.TempDir()
	}
	return filepath.Join(append([]string{root, ".cache"}, elem...)...)
}

// repository is the folder of this module's go.mod, upward from the working
// directory; "" when there is none.
var repository = sync.OnceValue(func() string {
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		mod, readErr := os.ReadFile(filepath.Join(dir, "go.mod"))
		if readErr == nil && strings.HasPrefix(string(mod), "module github.com/drayproject/dray\n") {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return ""
})
