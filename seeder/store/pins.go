package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/pkg/epoch"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

// Labels of an image that is pinned. The first is CRI's: the kubelet spares what
// has it. The others are ours: who wants the pin, and whether somebody else had
// pinned the image before, whose label then stays.
const (
	labelPinned = "io.cri-containerd.pinned"
	labelOwners = "dray.io/pinned-by"
	labelBefore = "dray.io/pinned-before"
	labelImage  = "dray.io/pinned-image" // of a pin's lease

	pinned    = "pinned"
	separator = ","

	// maxOwners keeps a label within containerd's 4096 bytes.
	maxOwners = 3500
)

// pinLease is the lease that goes with an image's pin.
func pinLease(image string, root digest.Digest) leases.Lease {
	return leases.Lease{ID: "dray-pin-" + digest.FromString(image + "@" + root.String()).Encoded()[:32]}
}

// Pin is an image that garbage collection spares.
type Pin struct {
	Image  string
	Digest digest.Digest
	Owners []string // sorted
}

// Pins lists what was pinned with Pin, by this process or one before it. Of an
// image that is gone, or that has lost its labels, as with the kubelet's next pull
// of it, the lease alone is left: that pin has no digest and no owners.
func (b *Base) Pins(ctx context.Context) ([]Pin, error) {
	ctx, cancel := b.call(ctx, callTimeout)
	defer cancel()
	list, err := b.services.Images.List(ctx, fmt.Sprintf("labels.%q", labelOwners))
	if err != nil {
		return nil, fmt.Errorf("list pins: %w", translate(err))
	}
	pins := make([]Pin, len(list))
	labelled := map[string]bool{}
	for i, img := range list {
		pins[i] = Pin{img.Name, img.Target.Digest, strings.Split(img.Labels[labelOwners], separator)}
		labelled[img.Name] = true
	}
	held, err := b.services.Leases.List(ctx, fmt.Sprintf("labels.%q", labelImage))
	if err != nil {
		return nil, fmt.Errorf("list pins: %w", translate(err))
	}
	for _, l := range held {
		if image := l.Labels[labelImage]; !labelled[image] {
			labelled[image] = true
			pins = append(pins, Pin{Image: image})
		}
	}
	return pins, nil
}

// Pin has garbage collection spare an image that is there: the kubelet's by a
// label, containerd's by a lease on every part, since a node that discards layers
// after unpacking would let them go although the image stays. Doing it again
// changes the owners.
func (b *Base) Pin(ctx context.Context, image string, owners []string) error {
	text, err := joinOwners(owners)
	if err != nil {
		return fmt.Errorf("pin %s: %w", image, err)
	}
	parts, err := b.Parts(ctx, image)
	if err != nil {
		return fmt.Errorf("pin %s: %w", image, err)
	}
	ctx, cancel := b.call(ctx, callTimeout)
	defer cancel()
	if err := b.keep(ctx, image, parts); err != nil {
		return fmt.Errorf("pin %s: %w", image, err)
	}
	if err := b.mark(ctx, image, text); err != nil {
		return fmt.Errorf("pin %s: %w", image, translate(err))
	}
	return nil
}

// joinOwners sorts them.
func joinOwners(owners []string) (string, error) {
	owners = slices.Clone(owners)
	slices.Sort(owners)
	text := strings.Join(slices.Compact(owners), separator)
	switch {
	case text == "":
		return "", errors.New("nobody wants it")
	case len(text) > maxOwners:
		return "", fmt.Errorf("the names of its %d owners are longer than %d bytes", len(owners), maxOwners)
	}
	return text, nil
}

// keep puts all parts under the image's own lease, which has no end, and ends that
// of what the name stood for before.
func (b *Base) keep(ctx context.Context, image string, parts Parts) error {
	lease := pinLease(image, parts.Root)
	_, err := b.services.Leases.Create(ctx, leases.WithID(lease.ID), leases.WithLabels(map[string]string{labelImage: image}))
	if err != nil && !errdefs.IsAlreadyExists(err) {
		return err
	}
	for _, p := range parts.Blobs {
		// Twice the same is no error.
		if err := b.services.Leases.AddResource(ctx, lease, leases.Resource{ID: p.Digest.String(), Type: "content"}); err != nil {
			return translate(err)
		}
	}
	return b.endLeases(ctx, image, lease.ID)
}

// endLeases ends the leases of an image, all but one.
func (b *Base) endLeases(ctx context.Context, image, but string) error {
	all, err := b.services.Leases.List(ctx, fmt.Sprintf("labels.%q==%q", labelImage, image))
	if err != nil {
		return err
	}
	for _, l := range all {
		if l.ID == but {
			continue
		}
		if err := b.services.Leases.Delete(ctx, l); err != nil && !errdefs.IsNotFound(err) {
			return err
		}
	}
	return nil
}

func (b *Base) mark(ctx context.Context, image, owners string) error {
	img, err := b.services.Images.Get(ctx, image)
	if err != nil {
		return err
	}
	if img.Labels[labelOwners] == owners && img.Labels[labelPinned] == pinned {
		return nil // nobody is told of what has not changed
	}
	before := img.Labels[labelBefore]
	if img.Labels[labelOwners] == "" {
		before = img.Labels[labelPinned]
	}
	return b.relabel(ctx, img, pinned, owners, before)
}

// relabel leaves the time of the image alone: among the digests that one tag has
// on several nodes the latest counts, and a pin makes none later.
func (b *Base) relabel(ctx context.Context, img images.Image, pin, owners, before string) error {
	ctx = epoch.WithSourceDateEpoch(ctx, &img.UpdatedAt)
	img.Labels = map[string]string{labelPinned: pin, labelOwners: owners, labelBefore: before} // empty: removed
	_, err := b.services.Images.Update(ctx, img, "labels."+labelPinned, "labels."+labelOwners, "labels."+labelBefore)
	return err
}

// Unpin gives an image back to garbage collection, as it was before Pin. It
// deletes nothing. An image that is gone is no error.
func (b *Base) Unpin(ctx context.Context, image string) error {
	ctx, cancel := b.call(ctx, callTimeout)
	defer cancel()
	if err := b.unmark(ctx, image); err != nil && !errdefs.IsNotFound(err) {
		return fmt.Errorf("unpin %s: %w", image, err)
	}
	if err := b.endLeases(ctx, image, ""); err != nil {
		return fmt.Errorf("unpin %s: %w", image, err)
	}
	return nil
}

func (b *Base) unmark(ctx context.Context, image string) error {
	img, err := b.services.Images.Get(ctx, image)
	if err != nil || img.Labels[labelOwners] == "" {
		return err
	}
	return b.relabel(ctx, img, img.Labels[labelBefore], "", "")
}
