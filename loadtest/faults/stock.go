package faults

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/log"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/drayproject/dray/seeder/store/embedded"
)

const (
	smallSize     = 5 << 18 // 1.25 MiB: more than what a seeder keeps whole in memory before it passes it on
	writersAtOnce = 8       // each commit waits for the disk
)

// stock is a store full of blobs, from which the holders' stores are made.
type stock struct {
	root  string
	layer digest.Digest // the large one
	size  int64         // its bytes
	small []digest.Digest
	used  int // of the small ones
}

// newStock makes a store in an empty folder.
func newStock(ctx context.Context, root string, layer int64, small int) (*stock, error) {
	_ = log.SetLevel("error") // containerd's packages warn of file systems without fs-verity
	s, err := embedded.New(ctx, root, "")
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	st := &stock{root: root, size: layer, small: make([]digest.Digest, small)}
	group, ctx := errgroup.WithContext(s.WithContext(ctx))
	group.SetLimit(writersAtOnce)
	group.Go(func() (err error) {
		st.layer, err = write(ctx, s.ContentStore(), "layer", layer)
		return err
	})
	for i := range st.small {
		group.Go(func() (err error) {
			st.small[i], err = write(ctx, s.ContentStore(), fmt.Sprint("small ", i), smallSize)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("stock: %w", err)
	}
	return st, nil
}

// write writes a blob of random bytes that follow from its name.
func write(ctx context.Context, s content.Store, name string, size int64) (digest.Digest, error) {
	random := func() io.Reader {
		return io.LimitReader(rand.NewChaCha8(sha256.Sum256([]byte(name))), size)
	}
	d, err := digest.FromReader(random())
	if err != nil {
		return "", err
	}
	desc := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: d, Size: size}
	return d, content.WriteBlob(ctx, s, "layer-"+d.String(), random(), desc,
		content.WithLabels(map[string]string{"containerd.io/gc.root": "faults"}))
}

// fresh is a small blob that was not asked for before: nobody remembers an
// answer to it.
func (st *stock) fresh() digest.Digest {
	d := st.small[st.used%len(st.small)]
	st.used++
	return d
}

// copyTo makes another store of the same content. The blobs share their files:
// stores never write to one that is committed.
func (st *stock) copyTo(root string) error {
	return filepath.WalkDir(st.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(st.root, path)
		if err != nil {
			return err
		}
		to := filepath.Join(root, name)
		switch {
		case d.IsDir():
			return os.MkdirAll(to, 0o700)
		case strings.Contains(name, "blobs"+string(filepath.Separator)):
			return linkOrCopy(path, to)
		default:
			return copyFile(path, to)
		}
	})
}

func linkOrCopy(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	return copyFile(from, to) // it is on another file system
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}
