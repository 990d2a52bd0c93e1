package journaltest

import (
	"context"
	"time"

	"github.com/drayproject/dray/tracker/journal"
)

// A handle is a [journal.Desk], too.

// on runs f on the memory's desk, unless the memory is broken.
func (h *handle) on(ctx context.Context, f func(d journal.Desk) error) error {
	return h.do(ctx, func(m *Memory) error { return f(m.desk.Desk(h.id)) })
}

func (h *handle) Papers(ctx context.Context, k journal.Kind) (all []journal.Paper, latest int64, err error) {
	err = h.on(ctx, func(d journal.Desk) (err error) {
		all, latest, err = d.Papers(ctx, k)
		return err
	})
	return all, latest, err
}

func (h *handle) Latest(ctx context.Context, k journal.Kind) (latest int64, err error) {
	err = h.on(ctx, func(d journal.Desk) (err error) {
		latest, err = d.Latest(ctx, k)
		return err
	})
	return latest, err
}

func (h *handle) Put(ctx context.Context, p journal.Paper) (rev int64, err error) {
	err = h.on(ctx, func(d journal.Desk) (err error) {
		rev, err = d.Put(ctx, p)
		return err
	})
	return rev, err
}

func (h *handle) Drop(ctx context.Context, p journal.Paper) error {
	return h.on(ctx, func(d journal.Desk) error { return d.Drop(ctx, p) })
}

func (h *handle) Claim(ctx context.Context, hold time.Duration) (c journal.Claim, err error) {
	err = h.on(ctx, func(d journal.Desk) (err error) {
		c, err = d.Claim(ctx, hold)
		return err
	})
	return c, err
}

func (h *handle) Resign(ctx context.Context) error {
	return h.on(ctx, func(d journal.Desk) error { return d.Resign(ctx) })
}
