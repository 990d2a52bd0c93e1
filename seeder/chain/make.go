package chain

import (
	"context"
	"errors"
	"hash"
	"io"
)

// How the making of a chain can end, and some ways in which asking for one can.
const (
	resultMade   = "made"
	resultWrong  = "wrong" // the content does not have its digest
	resultFailed = "failed"
	resultLeft   = "left" // nobody waited for it any more
)

var errWrong = errors.New("the content does not have its digest")

// make reads a blob once, when it is its turn, and adds link after link.
func (m *Maker) make(ctx context.Context, k *making) {
	err := m.hash(ctx, k.chain)
	k.chain.Break()
	result := resultMade
	switch {
	case err == nil:
	case ctx.Err() != nil:
		result = resultLeft
	case errors.Is(err, errWrong):
		result = resultWrong
		m.log.Warn("own content is wrong", "digest", k.chain.digest)
		m.wrong(k.chain.digest)
	default:
		result = resultFailed
		m.log.Warn("chain cannot be made", "digest", k.chain.digest, "error", err)
	}
	m.metrics.asked.WithLabelValues(result).Inc()
	m.mu.Lock()
	defer m.mu.Unlock()
	k.cancel()
	if err == nil {
		m.kept.put(k.chain)
	}
	if m.making[k.chain.digest] == k {
		delete(m.making, k.chain.digest)
	}
}

func (m *Maker) hash(ctx context.Context, c *Chain) error {
	select {
	case m.turn <- struct{}{}:
		defer func() { <-m.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	b, err := m.content.Open(ctx, c.digest)
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }()
	var result error
	patiently(func() { result = c.hash(ctx, b, c.digest.Algorithm().Hash()) })
	return result
}

// hash adds the links of what it reads, and the sum.
func (c *Chain) hash(ctx context.Context, r io.Reader, h hash.Hash) error {
	buf, link := make([]byte, Piece), make([]byte, 0, 1<<8)
	for left := Len(c.size); left > 0; left-- {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := next(r, buf, h); err != nil {
			return err
		}
		c.add(Append(link[:0], h, c.width))
	}
	if err := next(r, buf[:c.size%Piece], h); err != nil {
		return err
	}
	c.end(h.Sum(nil))
	if _, met := c.Met(); !met {
		return errWrong
	}
	return nil
}

// next hashes a piece. Content that has become shorter is wrong.
func next(r io.Reader, buf []byte, h hash.Hash) error {
	_, err := io.ReadFull(r, buf)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errWrong
	}
	_, _ = h.Write(buf)
	return err
}
