package testbed

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// namePrefix begins the names of everything that a bed leaves in common places;
// the process id follows.
const namePrefix = "dray"

// removeStale removes what killed runs have left: namespaces and folders of
// process ids that are no more. Their processes died with them.
func removeStale() {
	for _, place := range []string{netnsDir, os.TempDir()} {
		left, _ := filepath.Glob(filepath.Join(place, namePrefix+"[0-9]*-[0-9]*-*"))
		for _, path := range left {
			if alive(ownerOf(filepath.Base(path))) {
				continue
			}
			if place == netnsDir {
				removeNamespace(filepath.Base(path))
			} else {
				_ = os.RemoveAll(path) // another run may be at it, too
			}
		}
	}
}

// ownerOf is the process id in a name such as dray123-1-sw; 0 when there is
// none.
func ownerOf(name string) int {
	digits, _, _ := strings.Cut(strings.TrimPrefix(name, namePrefix), "-")
	pid, _ := strconv.Atoi(digits)
	return pid
}

// alive is also true for 0: what is not understood is left alone.
func alive(pid int) bool {
	return pid <= 0 || unix.Kill(pid, 0) != unix.ESRCH
}

// removeNamespace takes the namespace and, with it, its links. That it may be
// gone already is fine.
func removeNamespace(name string) {
	_, _ = run("", "ip", "netns", "del", name)
}
