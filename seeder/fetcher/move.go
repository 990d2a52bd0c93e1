package fetcher

import (
	"context"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	// moveWait is how long a better parent may take for its first byte. What
	// the old one sends meanwhile is not lost: the kernel keeps it.
	moveWait = 100 * time.Millisecond
	// movePause is the least time between two questions for one stream: every
	// tracker may think of it.
	movePause = time.Second
)

// Rejoin looks for better parents for what is on its way, since a tracker says
// that there may be some. It returns at once. The present parent is read on, until
// another one has sent a byte.
func (f *Fetcher) Rejoin(ds []digest.Digest) {
	for _, d := range ds {
		for _, w := range f.flows.of(d) {
			if now := time.Now().UnixNano(); w.joined && now-w.asked.Load() >= int64(movePause) {
				w.asked.Store(now)
				f.spawn(func(ctx context.Context) { f.improve(ctx, w) })
			}
		}
	}
}

// improve asks, and leaves the answer to the reader. There is nobody to avoid: who
// failed a while ago may be the best now.
func (f *Fetcher) improve(ctx context.Context, w *flow) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.LookupTimeout)
	defer cancel()
	r, err := f.ask(ctx, trackerapi.JoinRequest{
		Digest: w.key.digest, Offset: w.offset.Load(), Size: w.key.size, Registry: w.key.registry, Hurry: true,
	})
	if err != nil {
		return
	}
	if all := f.candidates(w.key.digest, r.Handout[:min(1, len(r.Handout))]); len(all) > 0 {
		w.better.Store(&all[0])
	}
}

// move changes to another parent, if it sends a byte at once. The tracker names
// the present one first where none is better.
func (b *body) move(c candidate) {
	if b.ended() || b.parent == nil || b.parent.Node == c.Node {
		return
	}
	ctx, cancel := context.WithCancel(b.ctx)
	late := time.AfterFunc(moveWait, cancel)
	next, err := open(ctx, c, b.next())
	if !late.Stop() || err != nil {
		cancel()
		b.stayed(c, next, err)
		return
	}
	old := b.parent
	old.close()
	b.queue.putLast(old.candidate)
	b.f.metrics.moves.Inc()
	b.f.log.Debug("there is a better parent", "peer", c.Node, "instead_of", old.Node, "digest", b.want.digest, "offset", b.want.offset)
	b.use(next)
}

// stayed ends an attempt to move. One that was not in time has done nothing wrong.
func (b *body) stayed(c candidate, next *parent, err error) {
	if next != nil {
		next.close()
	}
	if err != nil && blameOf(err) != "" {
		b.f.blame(c, err, b.want)
	}
}
