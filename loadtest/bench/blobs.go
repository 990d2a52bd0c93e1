package bench

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/store/containerd"
)

// writersAtOnce of blobs keep the disk busy: each commit waits for it.
const writersAtOnce = 8

// fill writes blobs into the node's containerd, through its API.
func (n *node) fill(t testbed.T, what string, count int, size int64) []digest.Digest {
	t.Helper()
	s, err := containerd.New(containerd.Config{Address: n.Socket, ContentPath: n.ContentPath}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("fill: %w", err)
	}
	defer func() { _ = s.Close() }()
	return fill(t, s.Base, what, count, size)
}

// fill writes blobs of random bytes that follow from what and their number.
// Garbage collection spares them.
func fill(t testbed.T, s *store.Base, what string, count int, size int64) []digest.Digest {
	t.Helper()
	ds := make([]digest.Digest, count)
	group, ctx := errgroup.WithContext(s.WithContext(t.Context()))
	group.SetLimit(writersAtOnce)
	for i := range ds {
		group.Go(func() (err error) {
			ds[i], err = writeBlob(ctx, s.ContentStore(), fmt.Sprintf("%s %d", what, i), size)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatalf("fill: %w", err)
	}
	return ds
}

func writeBlob(ctx context.Context, s content.Store, name string, size int64) (digest.Digest, error) {
	d, err := digest.FromReader(random(name, size))
	if err != nil {
		return "", err
	}
	desc := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: d, Size: size}
	return d, content.WriteBlob(ctx, s, "bench-"+d.String(), random(name, size), desc,
		content.WithLabels(map[string]string{"containerd.io/gc.root": "bench"}))
}

// random is a run of bytes that nothing compresses, the same for the same name.
func random(name string, size int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8(sha256.Sum256([]byte(name))), size)
}
