package containerd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/containerd/containerd/api/services/content/v1"
	"github.com/containerd/errdefs"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

var (
	errStalled = errors.New("containerd sent nothing for too long")
	errWhence  = errors.New("seek to an impossible position")
)

// stream is a blob read over containerd's socket. One call serves a whole
// sequential read; seeking elsewhere starts another.
type stream struct {
	reads  content.ContentClient
	ctx    context.Context // namespaced; lives until Close, whatever becomes of Open's
	digest digest.Digest
	size   int64
	offset int64 // of the next Read

	call *call // delivers the bytes at offset; nil when there is none
}

// openStream starts reading at once: from then on containerd has the file
// open, and the blob may be deleted.
func (s *Store) openStream(ctx context.Context, d digest.Digest) (store.Blob, error) {
	ask, cancel := context.WithTimeout(s.WithContext(ctx), callTimeout)
	defer cancel()
	info, err := s.ContentStore().Info(ask, d)
	if err != nil {
		return store.Blob{}, readError(d, err)
	}
	b := &stream{reads: s.reads, ctx: s.WithContext(context.WithoutCancel(ctx)), digest: d, size: info.Size}
	if err := b.begin(ask); err != nil {
		_ = b.Close()
		return store.Blob{}, readError(d, err)
	}
	return store.Blob{ReadSeekCloser: b, Size: b.size}, nil
}

// begin waits for the first bytes, for as long as ctx lives.
func (b *stream) begin(ctx context.Context) (err error) {
	if b.size == 0 {
		return nil
	}
	if b.call, err = b.start(0); err != nil { //nolint:contextcheck // the call outlives ctx
		return err
	}
	stop := context.AfterFunc(ctx, func() { b.call.cancel(context.Cause(ctx)) })
	defer stop()
	return b.call.fill()
}

func (b *stream) Read(p []byte) (n int, err error) {
	if b.offset >= b.size {
		return 0, io.EOF
	}
	if b.call == nil {
		if b.call, err = b.start(b.offset); err != nil {
			return 0, readError(b.digest, err)
		}
	}
	n, err = b.call.Read(p)
	b.offset += int64(n)
	if err != nil {
		return n, readError(b.digest, err)
	}
	return n, nil
}

func (b *stream) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += b.offset
	case io.SeekEnd:
		offset += b.size
	}
	if offset < 0 {
		return b.offset, errWhence
	}
	// Size is found by seeking to the end and back, before anything is read:
	// only a Read elsewhere gives the call up.
	if b.call != nil && b.call.offset != offset && offset < b.size {
		_ = b.Close()
	}
	b.offset = offset
	return offset, nil
}

// Close ends the call. A Read after it would start a new one.
func (b *stream) Close() error {
	if b.call != nil {
		b.call.cancel(context.Canceled)
		b.call = nil
	}
	return nil
}

// call is one Read of the content service.
type call struct {
	content.Content_ReadClient
	ctx    context.Context
	cancel context.CancelCauseFunc
	offset int64  // of what comes next
	rest   []byte // received, not yet read
}

func (b *stream) start(offset int64) (*call, error) {
	ctx, cancel := context.WithCancelCause(b.ctx)
	r, err := b.reads.Read(ctx, &content.ReadContentRequest{Digest: b.digest.String(), Offset: offset})
	if err != nil {
		cancel(err)
		return nil, errgrpc.ToNative(err)
	}
	return &call{Content_ReadClient: r, ctx: ctx, cancel: cancel, offset: offset}, nil
}

func (c *call) Read(p []byte) (int, error) {
	if err := c.fill(); err != nil {
		return 0, err
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	c.offset += int64(n)
	return n, nil
}

// fill waits for bytes if there are none. The stream has no deadline as a
// whole, so each wait has its own.
func (c *call) fill() error {
	for len(c.rest) == 0 {
		stalled := time.AfterFunc(stallTimeout, func() { c.cancel(errStalled) })
		m, err := c.Recv()
		stalled.Stop()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF // the size was known, and this is not it
		}
		if cause := context.Cause(c.ctx); err != nil && cause != nil {
			return cause
		}
		if err != nil {
			return errgrpc.ToNative(err)
		}
		c.rest = m.GetData()
	}
	return nil
}

func readError(d digest.Digest, err error) error {
	if errdefs.IsNotFound(err) {
		err = fmt.Errorf("%w: %w", store.ErrNotFound, err)
	}
	return fmt.Errorf("read %s from containerd: %w", d, err)
}
