package imagekit

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/opencontainers/go-digest"
)

// Verify hashes every blob in dir, the folder "blobs/sha256" of a content
// store, and checks that all parts are among them. It asks nobody: the store's
// owner may be dead.
func Verify(dir string, parts []Part) (blobs int, err error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	sizes := map[digest.Digest]int64{}
	for _, f := range files {
		want := digest.NewDigestFromEncoded(digest.SHA256, f.Name())
		if sizes[want], err = verifyBlob(filepath.Join(dir, f.Name()), want); err != nil {
			return 0, err
		}
	}
	for _, p := range parts {
		if got, ok := sizes[p.Digest]; !ok || got != p.Size {
			return 0, fmt.Errorf("%s: %s %s has %d bytes, not %d", dir, p.Kind, p.Digest, got, p.Size)
		}
	}
	return len(files), nil
}

func verifyBlob(path string, want digest.Digest) (bytes int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	got, err := want.Algorithm().FromReader(f)
	if err == nil && got != want {
		err = fmt.Errorf("%s has the bytes of %s", path, got)
	}
	return st.Size(), err
}
