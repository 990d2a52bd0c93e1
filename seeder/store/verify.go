package store

import (
	"context"
	"io"

	"github.com/opencontainers/go-digest"
)

const verifyBuffer = 128 << 10 // bytes

// Verify reads r to its end and reports whether what it read has the digest
// d, which must be valid. It gives up when ctx ends.
func Verify(ctx context.Context, r io.Reader, d digest.Digest) (bool, error) {
	sum := d.Verifier()
	if _, err := io.CopyBuffer(sum, untilDone{ctx, r}, make([]byte, verifyBuffer)); err != nil {
		return false, err
	}
	return sum.Verified(), nil
}

// untilDone reads until ctx ends.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
