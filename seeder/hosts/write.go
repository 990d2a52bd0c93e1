package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// stagePrefix begins the names of folders that exist for a moment, or after a
// crash until the next run. No registry's name begins with a dot.
const stagePrefix = ".dray-"

// write replaces the file as a whole, or makes it, with its folder if need be:
// containerd sees all of it or nothing. Mode and owner stay. What valid says
// of the folder with the new file keeps it from its place.
func (f folder) write(text string, valid func(dir string) error) (err error) {
	target, parent := f.file, filepath.Dir(f.dir)
	if f.exists {
		if target, err = f.realFile(); err != nil {
			return err
		}
		parent = filepath.Dir(target)
	}
	stage, err := os.MkdirTemp(parent, stagePrefix+"*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(stage)) }()
	staged := filepath.Join(stage, fileName)
	if err := f.fill(staged, text); err != nil {
		return err
	}
	if err := valid(stage); err != nil {
		return fmt.Errorf("%s: %w", f.file, err)
	}
	if f.exists {
		return move(staged, target)
	}
	// A folder without the file would hide _default: it appears with it.
	if err := os.Chmod(stage, 0o755); err != nil {
		return err
	}
	return move(stage, f.dir)
}

// realFile is the file behind links; they may lead to the folder or the file.
func (f folder) realFile() (string, error) {
	if f.info != nil {
		return filepath.EvalSymlinks(f.file)
	}
	dir, err := filepath.EvalSymlinks(f.dir)
	return filepath.Join(dir, fileName), err
}

// fill writes what is to take the place of the file.
func (f folder) fill(path, text string) error {
	mode := fs.FileMode(0o644)
	if f.info != nil {
		mode = f.info.Mode().Perm()
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if f.info != nil {
		owner := f.info.Sys().(*syscall.Stat_t)
		err = errors.Join(err, file.Chown(int(owner.Uid), int(owner.Gid)))
	}
	return errors.Join(err, file.Chmod(mode), file.Sync(), file.Close())
}

// move renames, and returns when it will outlast a power cut.
func move(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// delete takes away the file and, if it was made for it, the folder, unless
// others have put something there.
func (f folder) delete(u undo) error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	if u.folder && len(entries) == 1 {
		return f.deleteFolder()
	}
	if err := os.Remove(f.file); err != nil {
		return err
	}
	return syncDir(f.dir)
}

// deleteFolder moves the folder out of containerd's sight at once: without the
// file it would hide _default.
func (f folder) deleteFolder() error {
	root := filepath.Dir(f.dir)
	stage, err := os.MkdirTemp(root, stagePrefix+"*")
	if err != nil {
		return err
	}
	gone := filepath.Join(stage, filepath.Base(f.dir))
	if err := move(f.dir, gone); err != nil {
		return errors.Join(err, os.Remove(stage))
	}
	return errors.Join(os.RemoveAll(stage), syncDir(root))
}
