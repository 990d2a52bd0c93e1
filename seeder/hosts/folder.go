package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	fileName = "hosts.toml"
	maxFile  = 1 << 20 // bytes; real ones have a few hundred
)

// errForeign wraps what stands where a hosts.toml should, and was not put there
// by this package.
var errForeign = errors.New("not a file that can be used")

// folder is what containerd knows of one registry, or by default: a folder with
// a hosts.toml. Both may be missing. Both may be links, which stay.
type folder struct {
	dir    string
	exists bool // the folder
	file   string
	info   fs.FileInfo // of the file; nil when there is none
	text   string
}

func openFolder(dir string) (folder, error) {
	f := folder{dir: dir, file: filepath.Join(dir, fileName)}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, nil
	case err != nil:
		return f, err
	case !info.IsDir():
		return f, fmt.Errorf("%s is not a folder", dir)
	}
	f.exists = true
	return f, f.read()
}

func (f *folder) read() error {
	info, err := os.Stat(f.file)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(f.file); err == nil {
			return fmt.Errorf("%w: %s is a link to nowhere", errForeign, f.file)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return fmt.Errorf("%w: %s is no regular file, or larger than %d bytes", errForeign, f.file, maxFile)
	}
	text, err := os.ReadFile(f.file)
	f.info, f.text = info, string(text)
	return err
}

// merged is the text that the file should have: with the mirror in front. above
// is how many folders around this one were made.
func (f folder) merged(root, mirror string, above int) (string, error) {
	rest, u, found, err := cut(f.text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.file, err)
	}
	if !found {
		u = undo{file: f.info == nil, folder: !f.exists, above: above}
	}
	var text string
	if rest == "" {
		text, err = f.alone(root, mirror, u)
	} else {
		text, err = insert(rest, mirror, u)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.file, err)
	}
	return text, nil
}

// alone is the file's text when there is nothing else in it. A folder that was
// made for the registry is as if it were not there.
func (f folder) alone(root, mirror string, u undo) (string, error) {
	f.exists = f.exists && !u.folder
	text, err := f.inherited(root)
	if err != nil {
		return "", err
	}
	return whole(text, mirror, u)
}
