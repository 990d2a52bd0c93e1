package archive

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// File is a regular file in an image.
type File struct {
	Path string // absolute, in the image
	From string // the file on this machine whose bytes it has; "": Data
	Data []byte
	Mode int64 // permissions; 0: 0o644
}

// epoch dates all files: an image does not depend on the day it was made.
var epoch = time.Unix(0, 0).UTC()

// Layer is a gzip layer with these files, and the folders above them, all of
// them root's.
func Layer(files ...File) (v1.Layer, error) {
	var buf bytes.Buffer
	if err := writeTar(&buf, files); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(buf.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

func writeTar(w io.Writer, files []File) error {
	tw := tar.NewWriter(w)
	for _, dir := range foldersOf(files) {
		if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, ModTime: epoch}); err != nil {
			return err
		}
	}
	for _, f := range files {
		if err := f.writeTo(tw); err != nil {
			return fmt.Errorf("layer: %s: %w", f.Path, err)
		}
	}
	return tw.Close()
}

func (f File) writeTo(tw *tar.Writer) (err error) {
	data := f.Data
	if f.From != "" {
		if data, err = os.ReadFile(f.From); err != nil {
			return err
		}
	}
	mode := f.Mode
	if mode == 0 {
		mode = 0o644
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(f.Path, "/"), Mode: mode, Size: int64(len(data)), ModTime: epoch}
	if err := tw.WriteHeader(header); err != nil {
		return err
	}
	_, err = tw.Write(data)
	return err
}

// foldersOf are all folders above the files, parents first.
func foldersOf(files []File) []string {
	all := map[string]bool{}
	for _, f := range files {
		for dir := path.Dir(strings.TrimPrefix(f.Path, "/")); dir != "."; dir = path.Dir(dir) {
			all[dir] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
