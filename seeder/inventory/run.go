package inventory

import (
	"context"
	"sync"
	"time"

	"github.com/drayproject/dray/seeder/store"
)

const (
	retryMin = 100 * time.Millisecond // pause before subscribing again
	retryMax = 5 * time.Second

	// settleTime is when to walk once more after something that no event
	// tells everything about. A subscription may reach the store after the
	// walk that follows it, an image takes its layers with it when it goes,
	// and containerd before 2.1 sends no event for a new blob, only one for
	// the image at the end.
	settleTime = time.Second
	// imagesDelay collects the events of one pull into one listing.
	imagesDelay = 50 * time.Millisecond
)

// Run follows the store until ctx ends, and returns nil then. A store that is
// away is tried again.
func (inv *Inventory) Run(ctx context.Context) error {
	var background sync.WaitGroup
	defer background.Wait()
	background.Go(func() { inv.verify(ctx) })
	for pause := retryMin; ; pause = min(2*pause, retryMax) {
		err := inv.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if inv.healthy.Swap(false) || pause == retryMin {
			inv.log.Warn("store is away; the inventory stays as it is", "err", err)
			pause = retryMin
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// follow is one subscription, from its beginning to the error that ends it.
func (inv *Inventory) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	events, errs := inv.src.Subscribe(ctx)
	defer drain(events, errs)
	defer cancel()
	if err := inv.walk(ctx); err != nil {
		return err
	}
	inv.recovered()
	walk, list := newAlarm(), newAlarm()
	defer walk.stop()
	defer list.stop()
	walk.within(settleTime)
	for {
		select {
		case e, open := <-events:
			if !open {
				return <-errs
			}
			inv.apply(e)
			if e.Kind == store.ImagesChanged {
				list.within(imagesDelay)
				walk.within(settleTime)
			}
		case <-list.C:
			list.rung()
			if err := inv.listImages(ctx); err != nil {
				return err
			}
		case <-walk.C:
			walk.rung()
			walk.within(inv.interval)
			if err := inv.walk(ctx); err != nil {
				return err
			}
		}
	}
}

func drain(events <-chan store.Event, errs <-chan error) {
	for range events {
	}
	for range errs {
	}
}

func (inv *Inventory) recovered() {
	if !inv.healthy.Swap(true) {
		snap := inv.Snapshot()
		inv.log.Info("store is followed", "digests", len(snap.Digests), "images", len(snap.Images))
	}
	inv.readyOnce.Do(func() { close(inv.ready) })
}

// apply does what an event says about a blob.
func (inv *Inventory) apply(e store.Event) {
	switch e.Kind {
	case store.BlobCreated:
		inv.created(e)
	case store.BlobDeleted:
		// A quarantine outlives this: the file stays until garbage
		// collection, and a new blob may find it there.
		inv.update(func(s *state) { s.remove(e.Digest) })
	}
}

// created announces a new blob, unless its digest was last seen with wrong
// bytes: those may still be what is on disk.
func (inv *Inventory) created(e store.Event) {
	if e.Digest.Validate() != nil {
		return
	}
	if inv.Quarantined(e.Digest) {
		inv.Verify(e.Digest)
		return
	}
	inv.update(func(s *state) {
		delete(inv.held, e.Digest)
		s.add(e.Digest)
	})
}
