package inventory

import (
	"context"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// walk makes the inventory what the store says. Events that come meanwhile
// are applied after it, by the same goroutine.
func (inv *Inventory) walk(ctx context.Context) error {
	began := time.Now()
	err := inv.walkBlobs(ctx)
	if err == nil {
		err = inv.listImages(ctx)
	}
	if ctx.Err() == nil {
		inv.metrics.walked(time.Since(began), err)
	}
	return err
}

func (inv *Inventory) walkBlobs(ctx context.Context) error {
	found := map[digest.Digest]struct{}{}
	err := inv.src.Walk(ctx, func(i store.Info) error {
		if i.Digest.Validate() == nil {
			found[i.Digest] = struct{}{}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for d, h := range inv.reconcile(found) {
		inv.reconsider(ctx, d, h)
	}
	return nil
}

// reconcile makes the inventory equal to what was found, but for what is held
// back: that is returned.
func (inv *Inventory) reconcile(found map[digest.Digest]struct{}) map[digest.Digest]hold {
	again := map[digest.Digest]hold{}
	inv.update(func(s *state) {
		for d := range s.digests {
			if _, ok := found[d]; !ok {
				s.remove(d)
			}
		}
		for d, h := range inv.held {
			if _, ok := found[d]; ok {
				again[d] = h
			} else {
				delete(inv.held, d)
			}
		}
		for d := range found {
			if _, ok := again[d]; !ok {
				s.add(d)
			}
		}
	})
	return again
}

func (inv *Inventory) listImages(ctx context.Context) error {
	list, err := inv.src.Images(ctx)
	if err != nil {
		return err
	}
	found := map[string]store.Image{}
	for _, i := range list {
		if announced(i) {
			found[i.Name] = i
		}
	}
	inv.update(func(s *state) {
		for name := range s.images {
			if _, ok := found[name]; !ok {
				s.dropImage(name)
			}
		}
		for _, i := range found {
			s.setImage(i)
		}
	})
	return nil
}
