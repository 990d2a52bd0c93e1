package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/drayproject/dray/loadtest/testbed"
)

// The disk of the holder that is named first fills up: from then on it is named
// last, and asked by nobody who has another. When there is room again, it is
// first again.
func TestHolderWhoseDiskIsFullIsNamedLast(t *testing.T) {
	testbed.Require(t)
	t.Parallel()
	s := newSite(t, plan{trackers: 2, layer: 1 << 20, small: 2})
	full := s.newNode("full", "near")
	full.flags = append(full.flags, "--min-free-disk=10")
	mount(t, full.root, 32<<20)
	if err := s.stock.copyTo(full.root); err != nil {
		t.Fatal(err)
	}
	full.start()
	s.holders = append(s.holders, full)
	other := s.addHolder(1, 0)
	s.waitFirst(full)

	ballast := filepath.Join(full.root, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 26<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	s.waitFirst(other)
	before := s.sent()
	if p := s.asker.pull(s.stock.fresh(), nil); p.err != nil {
		t.Error(p.err)
	}
	if s.busiest(before) == full {
		t.Error("the full one was asked")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.waitFirst(full)
	s.wantAlive(t, s.holders...)
}

// mount gives a folder a small file system of its own.
func mount(t *testing.T, dir string, size int) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
}
