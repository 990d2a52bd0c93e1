package announcer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// ErrNoTracker says that no tracker can be asked, or none has answered.
var ErrNoTracker = errors.New("no tracker answers")

// Lookup returns one handout per digest, in order. An empty one says that nobody
// holds the digest. Where only some trackers have answered, the other handouts
// are nil. It takes no longer than LookupTimeout, and no time at all when no
// tracker can be asked.
func (a *Announcer) Lookup(ctx context.Context, ds []digest.Digest) ([]trackerapi.Handout, error) {
	all := make([]trackerapi.Handout, len(ds))
	err := a.spread(ctx, "lookup", asKeys(ds), func(ctx context.Context, t *tracker, which []int) error {
		got, err := t.client.Lookup(ctx, trackerapi.LookupRequest{Node: a.cfg.Node.Name, Digests: pick(ds, which)})
		if err == nil {
			err = checkHandouts(got.Handouts)
		}
		if err != nil {
			return err
		}
		for i, h := range got.Handouts {
			if h == nil {
				h = trackerapi.Handout{}
			}
			all[which[i]] = h
		}
		return nil
	})
	return all, err
}

// Resolve returns one image per name, in order; unknown names have no digest.
// Its deadline is that of a Lookup.
func (a *Announcer) Resolve(ctx context.Context, names []string) ([]trackerapi.Image, error) {
	all := make([]trackerapi.Image, len(names))
	err := a.spread(ctx, "resolve", names, func(ctx context.Context, t *tracker, which []int) error {
		asked := pick(names, which)
		got, err := t.client.Resolve(ctx, trackerapi.ResolveRequest{Node: a.cfg.Node.Name, Names: asked})
		if err == nil {
			err = checkImages(asked, got.Images)
		}
		if err != nil {
			return err
		}
		for i, image := range got.Images {
			all[which[i]] = image
		}
		return nil
	})
	return all, err
}

// call asks one tracker about some of the keys, given by their index.
type call func(ctx context.Context, t *tracker, which []int) error

// spread sends each key to its own tracker, in as few messages as possible and
// all at once. It fails if every message did.
func (a *Announcer) spread(ctx context.Context, verb string, keys []string, c call) error {
	batches := a.route(keys)
	if len(batches) == 0 {
		a.metrics.asked(verb, resultNoTracker)
		return ErrNoTracker
	}
	began := time.Now()
	inTime, cancel := context.WithTimeout(ctx, a.cfg.LookupTimeout)
	defer cancel()
	errs := make([]error, len(batches))
	var wg sync.WaitGroup
	for i, b := range batches[1:] {
		wg.Go(func() { errs[i+1] = a.ask(ctx, inTime, b, c) })
	}
	errs[0] = a.ask(ctx, inTime, batches[0], c)
	wg.Wait()
	a.metrics.took(verb, time.Since(began), errs)
	if slices.Contains(errs, nil) {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrNoTracker, errors.Join(errs...))
}

// batch is the keys of one message, and the trackers to try, best first.
type batch struct {
	which []int
	order []*tracker
}

// route makes batches; there are none when no tracker can be asked.
func (a *Announcer) route(keys []string) []batch {
	usable := a.only((*tracker).usable)
	if len(usable) == 0 {
		return nil
	}
	var all []batch
	current := make(map[*tracker]int, len(usable)) // tracker → index of the batch being filled
	for i, key := range keys {
		order := ranked(usable, key)
		at, ok := current[order[0]]
		if !ok || len(all[at].which) == trackerapi.MaxLookup {
			at = len(all)
			current[order[0]] = at
			all = append(all, batch{order: order})
		}
		all[at].which = append(all[at].which, i)
	}
	return all
}

// only returns the trackers that are so.
func (a *Announcer) only(so func(*tracker) bool) []*tracker {
	return slices.DeleteFunc(slices.Clone(*a.trackers.Load()), func(t *tracker) bool { return !so(t) })
}

// ask tries the trackers of a batch in turn. Each but the last gets half of the
// time that is left.
func (a *Announcer) ask(caller, inTime context.Context, b batch, c call) error {
	var errs []error
	for i, t := range b.order {
		err := a.try(caller, inTime, i == len(b.order)-1, t, b.which, c)
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", t.base, err))
		if inTime.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

func (a *Announcer) try(caller, inTime context.Context, last bool, t *tracker, which []int, c call) error {
	ctx := inTime
	if end, ok := inTime.Deadline(); ok && !last {
		half, cancel := context.WithTimeout(inTime, time.Until(end)/2)
		defer cancel()
		ctx = half
	}
	err := c(ctx, t, which)
	a.note(caller, t, err)
	return err
}

// note tells the tracker's breaker how a question went, unless its end tells
// nothing about the tracker.
func (a *Announcer) note(caller context.Context, t *tracker, err error) {
	if err != nil && (caller.Err() != nil || isOurFault(err)) {
		return
	}
	if t.lookup(err == nil) {
		a.log.Warn("tracker fails lookups; it is not asked for a while", "tracker", t.base, "error", err)
	}
}

func isOurFault(err error) bool {
	return trackerapi.IsCode(err, trackerapi.CodeInvalid) || trackerapi.IsCode(err, trackerapi.CodeTooLarge)
}

func pick[T any](all []T, which []int) []T {
	some := make([]T, len(which))
	for i, w := range which {
		some[i] = all[w]
	}
	return some
}

func asKeys(ds []digest.Digest) []string {
	keys := make([]string, len(ds))
	for i, d := range ds {
		keys[i] = string(d)
	}
	return keys
}
