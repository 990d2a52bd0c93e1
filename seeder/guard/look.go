package guard

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// look looks at all ingests of a digest once, and reports whether that was the
// last time: they are committed, aborted or right, or it has taken too long.
func (g *Guard) look(ctx context.Context, w *watch) (done bool) {
	now := time.Now()
	if now.After(w.end) {
		g.log.Info("watch: given up", "digest", w.digest)
		return true
	}
	list, err := g.store.Ingests(ctx, w.digest)
	if err != nil {
		g.log.Debug("watch", "digest", w.digest, "err", err)
		w.again(now, g.timing, false)
		return false
	}
	moving := w.see(now, list)
	done = true
	for _, s := range w.sights {
		done = g.settle(ctx, w, s) && done
	}
	w.again(time.Now(), g.timing, moving)
	return done
}

// settle does what is to be done about one ingest, and reports whether nothing
// is left to do.
func (g *Guard) settle(ctx context.Context, w *watch, s *sight) bool {
	still := time.Since(s.since)
	if s.right {
		return true
	}
	if !full(s.ingest) || still < g.timing.grace {
		return false
	}
	right, err := g.verify(ctx, w.digest, s.ingest.Ref)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return still >= g.timing.stuck && g.abort(ctx, w.digest, s.ingest.Ref, reasonStuck)
	case err != nil:
		g.log.Debug("watch", "digest", w.digest, "err", err)
		return false
	case right:
		s.right = true
		return true
	}
	return g.condemn(ctx, w, s.ingest)
}

func (g *Guard) verify(ctx context.Context, d digest.Digest, ref string) (bool, error) {
	b, err := g.store.OpenIngest(ctx, ref)
	if err != nil {
		return false, err
	}
	defer func() { _ = b.Close() }()
	return store.Verify(ctx, b, d)
}

// condemn aborts an ingest with wrong bytes, unless it has changed while they
// were hashed.
func (g *Guard) condemn(ctx context.Context, w *watch, in store.Ingest) bool {
	list, err := g.store.Ingests(ctx, w.digest)
	if err != nil || !slices.ContainsFunc(list, func(now store.Ingest) bool { return same(now, in) }) {
		return false
	}
	if !g.abort(ctx, w.digest, in.Ref, reasonWrong) {
		return false
	}
	if len(w.sources) > 0 {
		g.accuse(w.digest, slices.Clone(w.sources))
	}
	return true
}
