package fetcher

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// lose gives the parent up.
func (b *body) lose(err error) {
	p := b.parent
	b.parent = nil
	p.close()
	if b.ctx.Err() != nil {
		return // we ended it: the peer has done nothing wrong
	}
	b.f.metrics.failovers.Inc()
	why := b.reason(p, err)
	b.avoid = append(b.avoid, p.Node)
	if why.kind == trackerapi.KindStall {
		b.queue.putLast(p.candidate) // it may be of use yet, should the others die
	}
	if standstill(p, why) {
		b.f.doubt(p.candidate, why, b.want)
		return
	}
	if why.kind != "" {
		b.f.avoided.note(b.want.digest, p.candidate)
	}
	b.f.blame(p.candidate, why, b.want)
}

func (b *body) reason(p *parent, err error) *failure {
	switch {
	case errors.Is(context.Cause(p.ctx), errStalled):
		return failed(trackerapi.KindStall, "%w", errStalled)
	case errors.Is(err, errCrawls):
		return failed(trackerapi.KindStall, "%w", err)
	case b.away > awayLimit:
		return failed("", "it may have tired of waiting for us: %w", err)
	case p.Partial:
		return failed(trackerapi.KindMiss, "its own source has failed, or it has: %w", err)
	default:
		return failed(trackerapi.KindShort, "%w", err)
	}
}

// refill looks for other parents than those who have failed, and the one that is
// silent now: while a spare searches, the body waits, so its fields stand still.
func (b *body) refill(ctx context.Context) []candidate {
	if !b.joined {
		return b.f.again(ctx, b.want.digest)
	}
	avoid := slices.Clone(b.avoid)
	if b.parent != nil {
		avoid = append(avoid, b.parent.Node)
	}
	return b.f.rejoin(ctx, b.want, lastOf(avoid, maxAvoid))
}

func lastOf[T any](all []T, n int) []T { return all[max(0, len(all)-n):] }

// reopen goes on at the offset with another parent. There is more patience than
// before the first byte: who gives up now has already begun to answer. But after
// a partial parent, all of one Read has no more time than that parent had.
func (b *body) reopen() error {
	patience := b.limit
	if b.limit < b.f.cfg.StallLimit {
		patience -= time.Since(b.began)
	}
	p, err := b.f.race(b.ctx, b.queue, b.next(), patience)
	if err != nil {
		return fmt.Errorf("%w after %d of %d bytes: %w", ErrBroken, b.want.offset-b.start, b.want.end-b.start, err)
	}
	b.use(p)
	return nil
}

// close ends all requests.
func (b *body) close() {
	b.cancel(nil)
	if b.parent != nil {
		b.parent.close()
		b.parent = nil
	}
}

// stalled decides between a parent that fell silent and its spare, after the
// parent's Read has returned at last.
func (b *body) stalled(n int, err error) (int, error) {
	s := b.spare
	b.spare = newSpare(b)
	b.gaps.stalled()
	if n > 0 {
		s.discard() // it woke up in time, or in the very moment in which it was given up
		return n, err
	}
	if next := s.result(); next != nil {
		b.lose(err)
		b.use(next)
		return 0, nil
	}
	return 0, err
}
