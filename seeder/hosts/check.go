package hosts

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// Result is how it stands with one hosts.toml.
type Result struct {
	File    string
	Problem string // "" when containerd asks the mirror first
}

// Check looks at the folders of the registries, as they are and as Install
// would have them. It changes nothing. An error means that it could not look.
func Check(c Config) ([]Result, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c.Path = filepath.Clean(c.Path)
	wanted, err := c.wanted()
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, dir := range slices.Sorted(maps.Keys(wanted)) {
		r := Result{File: filepath.Join(dir, fileName)}
		if err := c.checkOne(dir); err != nil {
			r.Problem = err.Error()
		}
		results = append(results, r)
	}
	blocks, err := installed(c.Path)
	for _, b := range unwanted(blocks, wanted) {
		results = append(results, Result{File: b.file, Problem: "it names the mirror, and should not: run seeder hosts install"})
	}
	return results, err
}

func (c Config) checkOne(dir string) error {
	f, err := openFolder(dir)
	if err != nil {
		return err
	}
	if f.info == nil {
		return c.missing(f)
	}
	if err := checkFirst(dir, c.Mirror); err != nil {
		return err
	}
	text, err := f.merged(c.Path, c.Mirror, 0)
	if err != nil {
		return err
	}
	if text != f.text {
		return errors.New("it is out of date: run seeder hosts install again")
	}
	return nil
}

// missing says what containerd does without the file.
func (c Config) missing(f folder) error {
	if f.exists && filepath.Base(f.dir) != Default {
		return fmt.Errorf("it is missing, and since the registry has a folder of its own, %s does not count for it: run seeder hosts install", Default)
	}
	return fmt.Errorf("it is missing, and containerd does not ask %s: run seeder hosts install", c.Mirror)
}
