package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"
)

// Files are those of containerd's local content store
// (plugins/content/local): blobs/<algorithm>/<hex>, and for each ingest a
// folder of its own with the files ref and data.
type Files struct {
	Path      string // the store's folder
	Namespace string
}

// Open opens the file of a blob. It may find one that was deleted and not yet
// collected, or that another namespace holds: content is content.
func (f Files) Open(_ context.Context, d digest.Digest) (Blob, error) {
	if err := d.Validate(); err != nil {
		return Blob{}, fmt.Errorf("open %q: %w", d, err)
	}
	return openFile(f.blobPath(d))
}

func (f Files) blobPath(d digest.Digest) string {
	return filepath.Join(f.Path, "blobs", d.Algorithm().String(), d.Encoded())
}

// OpenIngest opens what was written so far under a ref. The size is that of
// this moment: whoever reads on beyond it sees what was added since. The file
// stays readable when the ingest is committed.
//
// An ingest's folder has the hash of a name that only containerd's database
// knows, so all of them are looked at. There are as many as there are
// downloads under way.
func (f Files) OpenIngest(_ context.Context, ref string) (Blob, error) {
	root := filepath.Join(f.Path, "ingest")
	dirs, err := os.ReadDir(root)
	if err != nil {
		return Blob{}, fmt.Errorf("open ingest %s: %w", ref, absent(err))
	}
	var found string
	var newest uint64
	for _, dir := range dirs {
		// One that has just been committed or aborted reads as empty.
		name, _ := os.ReadFile(filepath.Join(root, dir.Name(), "ref"))
		if n, r, ok := parseRef(string(name), f.Namespace); ok && r == ref && n >= newest {
			found, newest = dir.Name(), n
		}
	}
	if found == "" {
		return Blob{}, fmt.Errorf("open ingest %s: %w", ref, ErrNotFound)
	}
	return openFile(filepath.Join(root, found, "data"))
}

// parseRef takes a ref file's content apart: <namespace>/<n>/<ref>, where n
// counts the ingests that this ref has had (core/metadata, createKey).
func parseRef(s, namespace string) (n uint64, ref string, ok bool) {
	s, ok = strings.CutPrefix(s, namespace+"/")
	if !ok {
		return 0, "", false
	}
	number, ref, ok := strings.Cut(s, "/")
	n, err := strconv.ParseUint(number, 10, 64)
	return n, ref, ok && err == nil
}

func openFile(path string) (Blob, error) {
	file, err := os.Open(path)
	if err != nil {
		return Blob{}, absent(err)
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", path)
	}
	if err != nil {
		_ = file.Close()
		return Blob{}, err
	}
	return Blob{ReadSeekCloser: file, Size: info.Size()}, nil
}

// absent makes ErrNotFound of what cannot be there or cannot be read.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}
