package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Remove takes out what Install has put in. What was there before is as it was,
// down to the last byte, and what others have written since then stays: a file
// or a folder that Install has made is deleted unless somebody has put
// something of his own there. Where nothing was installed, nothing is done.
func Remove(path string) (changes []Change, err error) {
	if err := checkPath(path); err != nil {
		return nil, err
	}
	path = filepath.Clean(path)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	done, err := lock(path)
	if err != nil {
		return nil, err
	}
	defer done()
	blocks, err := installed(path)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, b := range blocks {
		change, err := b.remove()
		changes, errs = note(changes, errs, change, err)
	}
	return changes, errors.Join(append(errs, unmakeRoot(path, above(blocks)))...)
}

// found is a file with a block in it.
type found struct {
	folder
	rest string // without the block
	undo undo
	err  error // why it can't be told what is in it
}

// installed finds the blocks in all folders, and what may be one.
func installed(root string) ([]found, error) {
	dirs, err := folders(root)
	if err != nil {
		return nil, err
	}
	var all []found
	for _, dir := range dirs {
		f := found{}
		has := false
		f.folder, f.err = openFolder(dir)
		if f.err == nil {
			f.rest, f.undo, has, f.err = cut(f.text)
		}
		if has || f.err != nil && !errors.Is(f.err, errForeign) {
			all = append(all, f)
		}
	}
	return all, nil
}

// unwanted are the blocks in other folders than those that should have one. A
// file that is in one of those too, by a link, is not among them.
func unwanted(blocks []found, wanted map[string]bool) (strays []found) {
	for _, b := range blocks {
		if !wanted[b.dir] && !b.isIn(wanted) {
			strays = append(strays, b)
		}
	}
	return strays
}

func (f found) isIn(dirs map[string]bool) bool {
	for dir := range dirs {
		info, err := os.Stat(filepath.Join(dir, fileName))
		if err == nil && f.info != nil && os.SameFile(info, f.info) {
			return true
		}
	}
	return false
}

// above is how many folders, from config_path upwards, were made.
func above(blocks []found) (made int) {
	for _, b := range blocks {
		made = max(made, b.undo.above)
	}
	return made
}

// remove finds the block gone when two folders are one, by a link.
func (f found) remove() (*Change, error) {
	if f.err != nil {
		return nil, fmt.Errorf("%s: %w", f.file, f.err)
	}
	now, err := openFolder(f.dir)
	if err != nil || now.text != f.text {
		return nil, err
	}
	if f.rest == "" && f.undo.file {
		return &Change{File: f.file, Done: "deleted"}, f.delete(f.undo)
	}
	return &Change{File: f.file, Done: "restored"}, f.write(f.rest, func(string) error { return nil })
}
