package fetcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

var errTooSlow = errors.New("it took too long")

// readWhole fetches a small body that has just been opened and verifies it
// before anyone sees it. When it is wrong the next parents are asked for all of
// it, and nobody notices.
//
// A peer that said another size than the first one may have been right, so the
// size is open again at each turn; the caller's limit still holds.
func (b *body) readWhole(limit int64) ([]byte, error) {
	late := time.AfterFunc(b.f.cfg.SmallTimeout, func() { b.cancel(errTooSlow) })
	defer late.Stop()
	b.want.limit = limit
	for {
		data, err := b.readAll()
		if err != nil {
			return nil, err
		}
		check := newCheck(b.want.digest)
		check.Write(data)
		if check.matches() {
			return data, nil
		}
		b.accuse()
		if err := b.restart(); err != nil {
			return nil, err
		}
	}
}

func (b *body) readAll() ([]byte, error) {
	data := make([]byte, b.want.size)
	_, err := io.ReadFull(b, data)
	if err == nil {
		return data, nil
	}
	if errors.Is(context.Cause(b.ctx), errTooSlow) {
		// No fault to report; but others should be asked first.
		b.share.peer.answered(b.f.cfg.SmallTimeout)
		err = errTooSlow
	}
	return nil, fmt.Errorf("%w: %w", ErrNoSource, err)
}

// restart opens the body anew, at its first byte.
func (b *body) restart() error {
	b.want.offset, b.want.end, b.want.size = 0, -1, -1
	b.contributions, b.share = nil, nil
	return b.open(b.f.patience(b.queue.waiting))
}

// memory makes a stream of bytes that are known to be right.
func (f *Fetcher) memory(b *body, data []byte) *Stream {
	b.close()
	f.metrics.fetched(resultOK)
	return &Stream{
		Reader: bytes.NewReader(data), size: b.want.size, end: b.want.end,
		verified: true, body: b, close: func() {},
	}
}
