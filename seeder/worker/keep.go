package worker

import (
	"context"
	"errors"
	"slices"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/shared/trackerapi"
)

// maxDescribed bounds the parts in one message. The tracker asks again for what
// was left out.
const maxDescribed = 20_000

// complete are the pins that have their labels. Those that have not are wanted
// back, or released.
func complete(pins []store.Pin) (all []store.Pin) {
	for _, p := range pins {
		if len(p.Owners) > 0 {
			all = append(all, p)
		}
	}
	return all
}

// keep pins what is wanted and there, and releases what is not wanted any more:
// but only when the tracker is sure.
func (w *Worker) keep(ctx context.Context, have []store.Pin, answer trackerapi.WorkResponse) {
	wanted := map[string]trackerapi.Pin{}
	for _, p := range answer.Pins {
		wanted[p.Image] = p
	}
	for _, p := range have {
		want, is := wanted[p.Image]
		switch {
		case is && want.Digest == p.Digest && sameOwners(want.Owners, p.Owners):
			delete(wanted, p.Image)
		case !is && answer.Settled:
			w.release(ctx, p)
		}
	}
	for _, p := range wanted {
		w.adopt(ctx, p)
	}
	w.metrics.pins.Set(float64(len(complete(have))))
}

func sameOwners(a, sorted []string) bool {
	a = slices.Sorted(slices.Values(a))
	return slices.Equal(slices.Compact(a), sorted)
}

func (w *Worker) release(ctx context.Context, p store.Pin) {
	if err := w.store.Unpin(ctx, p.Image); err != nil {
		w.log.Warn("work could not release an image", "image", p.Image, "error", err)
		return
	}
	w.log.Info("work released an image", "image", p.Image, "owners", p.Owners)
	w.tell()
}

// adopt pins an image that is there without a task, if its name still stands for
// what is wanted. If not, the tracker sees that it is not pinned.
func (w *Worker) adopt(ctx context.Context, p trackerapi.Pin) {
	parts, err := w.store.Parts(ctx, p.Image)
	if err != nil || parts.Root != p.Digest {
		return
	}
	switch err := w.store.Pin(ctx, p.Image, p.Owners); {
	case err == nil:
		w.log.Info("work pinned an image", "image", p.Image, "owners", p.Owners)
		w.tell()
	case !errors.Is(err, store.ErrNotFound):
		w.log.Warn("work could not pin an image", "image", p.Image, "error", err)
	}
}

// described has the parts of the images that the last answer asked for. One that
// is not there is left out.
func (w *Worker) described(ctx context.Context) (all []trackerapi.Description) {
	total := 0
	for _, image := range w.describe {
		parts, err := w.store.Parts(ctx, image.Name)
		if err != nil {
			w.log.Debug("work could not describe an image", "image", image.Name, "error", err)
			continue
		}
		if total += len(parts.Blobs); total > maxDescribed {
			break
		}
		d := trackerapi.Description{Image: image.Name, Digest: parts.Root, Platforms: parts.Platforms}
		for _, b := range parts.Blobs {
			d.Parts = append(d.Parts, trackerapi.Part{Digest: b.Digest, Size: b.Size})
		}
		all = append(all, d)
	}
	w.describe = nil
	return all
}
