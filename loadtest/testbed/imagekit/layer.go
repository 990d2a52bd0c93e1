package imagekit

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// maxFile is the largest file within a layer, in bytes.
const maxFile = 32 << 20

// layer is a gzip'd tar on disk. What is known of it stands in a file beside
// it, written last: without that one the layer is made anew.
type layer struct {
	path string
	facts
}

type facts struct {
	BlobDigest v1.Hash `json:"digest"`
	TarDigest  v1.Hash `json:"diff_id"`
	BlobSize   int64   `json:"size"`
}

func openLayer(path string, size int64) (*layer, error) {
	l := &layer{path: path}
	known, err := os.ReadFile(path + ".json")
	if err == nil && json.Unmarshal(known, &l.facts) == nil {
		if st, err := os.Stat(path); err == nil && st.Size() == l.BlobSize {
			return l, nil
		}
	}
	return l, l.make(size)
}

// make writes the layer beside its place and renames it, so that another
// process never sees half of it.
func (l *layer) make(size int64) error {
	f, err := os.CreateTemp(filepath.Dir(l.path), "making-*")
	if err != nil {
		return err
	}
	defer func() { _, _ = f.Close(), os.Remove(f.Name()) }()
	if l.facts, err = writeLayer(f, filepath.Base(l.path), size); err != nil {
		return fmt.Errorf("layer %s: %w", l.path, err)
	}
	if err := os.Rename(f.Name(), l.path); err != nil {
		return err
	}
	known, err := json.Marshal(l.facts)
	if err != nil {
		return err
	}
	return os.WriteFile(l.path+".json", known, 0o644)
}

// writeLayer writes a layer whose files follow from its name. The gzip stream
// only stores: random bytes don't shrink, and it costs no CPU.
func writeLayer(w io.Writer, name string, size int64) (facts, error) {
	blobHash, tarHash := sha256.New(), sha256.New()
	blobSize := new(counter)
	zip, err := gzip.NewWriterLevel(io.MultiWriter(w, blobHash, blobSize), gzip.NoCompression)
	if err != nil {
		return facts{}, err
	}
	if err := writeTar(io.MultiWriter(zip, tarHash), name, size); err != nil {
		return facts{}, err
	}
	if err := zip.Close(); err != nil {
		return facts{}, err
	}
	return facts{
		BlobDigest: v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%x", blobHash.Sum(nil))},
		TarDigest:  v1.Hash{Algorithm: "sha256", Hex: fmt.Sprintf("%x", tarHash.Sum(nil))},
		BlobSize:   int64(*blobSize),
	}, nil
}

func writeTar(w io.Writer, name string, size int64) error {
	random := rand.NewChaCha8(sha256.Sum256([]byte(name)))
	out := tar.NewWriter(w)
	buf := make([]byte, 256<<10)
	for i := 0; size > 0 || i == 0; i++ {
		n := min(size, maxFile)
		err := out.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: fmt.Sprintf("%s/%03d", name, i), Mode: 0o644, Size: n, ModTime: epoch,
		})
		if err != nil {
			return err
		}
		if _, err := io.CopyBuffer(onlyWriter{out}, io.LimitReader(random, n), buf); err != nil {
			return err
		}
		size -= n
	}
	return out.Close()
}

// onlyWriter hides tar.Writer's ReadFrom, which would copy in small pieces.
type onlyWriter struct{ io.Writer }

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// The methods of v1.Layer.

func (l *layer) Digest() (v1.Hash, error)             { return l.BlobDigest, nil }
func (l *layer) DiffID() (v1.Hash, error)             { return l.TarDigest, nil }
func (l *layer) Size() (int64, error)                 { return l.BlobSize, nil }
func (l *layer) MediaType() (types.MediaType, error)  { return types.OCILayer, nil }
func (l *layer) Compressed() (io.ReadCloser, error)   { return os.Open(l.path) }
func (l *layer) Uncompressed() (io.ReadCloser, error) { return gunzip(l.path) }

func gunzip(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{z, f}, nil
}
