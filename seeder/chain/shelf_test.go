package chain

import (
	"bytes"
	"context"
	"io"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// shelf is content by digest, right or wrong.
type shelf map[digest.Digest][]byte

func (s shelf) Open(_ context.Context, d digest.Digest) (store.Blob, error) {
	data, ok := s[d]
	if !ok {
		return store.Blob{}, store.ErrNotFound
	}
	return store.Blob{ReadSeekCloser: file{bytes.NewReader(data)}, Size: int64(len(data))}, nil
}

type file struct{ *bytes.Reader }

func (file) Close() error { return nil }

// slowly is content whose reading waits for each piece.
type slowly struct {
	shelf
	step chan struct{}
}

func (s slowly) Open(ctx context.Context, d digest.Digest) (store.Blob, error) {
	b, err := s.shelf.Open(ctx, d)
	b.ReadSeekCloser = stepping{b.ReadSeekCloser, s.step}
	return b, err
}

type stepping struct {
	io.ReadSeekCloser
	step chan struct{}
}

func (s stepping) Read(p []byte) (int, error) {
	<-s.step
	return s.ReadSeekCloser.Read(p)
}
