package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// lock keeps other runs of this program away from the folder until done is
// called, and removes what a crashed one has left.
func lock(root string) (done func(), err error) {
	dir, err := os.Open(root)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX); err != nil {
		_ = dir.Close()
		return nil, fmt.Errorf("lock %s: %w", root, err)
	}
	return func() { _ = dir.Close() }, sweep(root)
}

func sweep(root string) error {
	var errs []error
	for _, pattern := range []string{stagePrefix + "*", "*/" + stagePrefix + "*"} {
		left, err := filepath.Glob(filepath.Join(root, pattern))
		errs = append(errs, err)
		for _, dir := range left {
			errs = append(errs, os.RemoveAll(dir))
		}
	}
	return errors.Join(errs...)
}

// makeRoot makes the folder, and those around it, and says how many.
func makeRoot(root string) (made int, err error) {
	for dir := root; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made++
	}
	return made, os.MkdirAll(root, 0o755)
}

// unmakeRoot removes as many folders, as far as they are empty.
func unmakeRoot(root string, made int) error {
	for range made {
		err := os.Remove(root)
		switch {
		case errors.Is(err, unix.ENOTEMPTY), errors.Is(err, unix.EBUSY):
			return nil // somebody else uses it by now
		case err != nil:
			return err
		}
		root = filepath.Dir(root)
	}
	return nil
}

// folders are those that containerd takes for a registry's.
func folders(root string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, e := range entries {
		dir := filepath.Join(root, e.Name())
		info, err := os.Stat(dir)
		if err == nil && info.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}

// wanted are the folders that should have the mirror: of the registries, those
// that containerd will look into. They need not exist.
func (c Config) wanted() (map[string]bool, error) {
	dirs := map[string]bool{}
	for _, registry := range c.Registries {
		if registry == Default {
			all, err := folders(c.Path)
			if err != nil {
				return nil, err
			}
			for _, dir := range all {
				dirs[dir] = true
			}
		}
		dir, err := folderOf(c.Path, registry)
		if err != nil {
			return nil, err
		}
		if dir == "" || filepath.Base(dir) == Default {
			dir = filepath.Join(c.Path, registry)
		}
		dirs[dir] = true
	}
	return dirs, nil
}
