package hosts

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// Change is what was done about one hosts.toml.
type Change struct {
	File string
	Done string
}

func (c Change) String() string { return c.File + ": " + c.Done }

// Install has containerd ask the mirror first for the registries, and no longer
// for those that an earlier Install was told of and this one is not. What is as
// it should be is not touched. A file that can't be changed does not keep the
// others from it: the error names all of those.
func Install(c Config) ([]Change, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.Path = filepath.Clean(c.Path)
	made, err := makeRoot(c.Path)
	if err != nil {
		return nil, err
	}
	done, err := lock(c.Path)
	if err != nil {
		return nil, err
	}
	defer done()
	changes, err := c.install(made)
	if len(changes) == 0 {
		err = errors.Join(err, unmakeRoot(c.Path, made))
	}
	return changes, err
}

func (c Config) install(made int) (changes []Change, err error) {
	blocks, err := installed(c.Path)
	if err != nil {
		return nil, err
	}
	made = max(made, above(blocks))
	wanted, err := c.wanted()
	if err != nil {
		return nil, err
	}
	strays := unwanted(blocks, wanted)
	var errs []error
	for _, dir := range slices.Sorted(maps.Keys(wanted)) {
		change, err := c.installOne(dir, made)
		changes, errs = note(changes, errs, change, err)
	}
	for _, b := range strays {
		change, err := b.remove()
		changes, errs = note(changes, errs, change, err)
	}
	return changes, errors.Join(errs...)
}

func note(changes []Change, errs []error, change *Change, err error) ([]Change, []error) {
	if change != nil && err == nil {
		changes = append(changes, *change)
	}
	return changes, append(errs, err)
}

// installOne returns nil when there was nothing to do.
func (c Config) installOne(dir string, above int) (*Change, error) {
	f, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	text, err := f.merged(c.Path, c.Mirror, above)
	if err != nil {
		return nil, err
	}
	if text == f.text {
		if err := c.valid(dir); err != nil {
			return nil, fmt.Errorf("%s: %w", f.file, err)
		}
		return nil, nil
	}
	return &Change{File: f.file, Done: "containerd asks " + c.Mirror + " first"}, f.write(text, c.valid)
}

// valid puts up with certificates that can't be found: in the stage they can't,
// and elsewhere they are none of our business.
func (c Config) valid(dir string) error {
	if err := checkFirst(dir, c.Mirror); !errors.Is(err, errUnusable) {
		return err
	}
	return nil
}
