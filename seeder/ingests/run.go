package ingests

import (
	"context"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/shared/trackerapi"
)

// Run finds ingests and follows them until ctx ends, and returns nil when the
// last one is let go.
func (i *Ingests) Run(ctx context.Context) error {
	var following sync.WaitGroup
	defer following.Wait()
	pause := i.timing.slowest
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-i.hurry:
			pause = i.timing.quickest
		case <-next.C:
			pause = min(2*pause, i.timing.slowest)
		case <-ctx.Done():
			return nil
		}
		for _, in := range i.look(ctx) {
			following.Go(func() { i.follow(ctx, in) })
		}
		next.Reset(pause)
	}
}

// look returns what has begun to arrive. Of what is expected and was not found
// it tells what is in the store already: too small to have been seen.
func (i *Ingests) look(ctx context.Context) (found []*ingest) {
	now := time.Now()
	for _, a := range i.store.Arrivals() {
		if parent, ok := i.wanted(a, now); ok {
			if in := i.take(ctx, a.Digest, parent); in != nil {
				found = append(found, in)
			}
		}
	}
	for d, e := range i.outstanding(now) {
		if size, ok := i.committed(ctx, d); ok && i.settle(d) {
			i.metrics.arrived(e.parent, size)
			i.tell(success(d, size, e.parent))
		}
	}
	i.dropFeeds()
	return found
}

// wanted decides whether to follow an arrival: one that is expected, or that
// was written to a moment ago.
func (i *Ingests) wanted(a store.Arrival, now time.Time) (parent string, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.followed[a.Digest] != nil || len(i.followed) >= maxIngests {
		return "", false
	}
	if e := i.expected[a.Digest]; e != nil {
		return e.parent, true
	}
	return "", now.Sub(a.UpdatedAt) < i.timing.standstill
}

// take opens an arrival; nil when it has just gone. It may have been told of
// another parent meanwhile.
func (i *Ingests) take(ctx context.Context, d digest.Digest, parent string) *ingest {
	g, err := i.store.OpenGrowing(ctx, d)
	if err != nil {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if e := i.expected[d]; e != nil {
		parent = e.parent
		delete(i.expected, d)
	}
	in := &ingest{digest: d, growing: g, found: g.Offset(), parent: parent}
	in.pace = in.pace.next(time.Now(), in.found)
	i.followed[d] = in
	if f := i.feeds[d]; f != nil {
		g.Attach(f)
	}
	return in
}

// outstanding is what is expected and not found, without what has not come in
// time.
func (i *Ingests) outstanding(now time.Time) map[digest.Digest]expectation {
	i.mu.Lock()
	defer i.mu.Unlock()
	all := make(map[digest.Digest]expectation, len(i.expected))
	for d, e := range i.expected {
		if now.After(e.until) {
			delete(i.expected, d)
			continue
		}
		all[d] = *e
	}
	return all
}

func (i *Ingests) committed(ctx context.Context, d digest.Digest) (size int64, ok bool) {
	b, err := i.store.Open(ctx, d)
	if err != nil {
		return 0, false
	}
	_ = b.Close()
	return b.Size, true
}

// settle ends an expectation; false when it had been ended already.
func (i *Ingests) settle(d digest.Digest) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, there := i.expected[d]
	delete(i.expected, d)
	return there
}

// tell passes reports on, if there are any.
func (i *Ingests) tell(reports ...trackerapi.Ingest) {
	if len(reports) > 0 {
		i.parts.Progress(reports)
	}
}
