package puller

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/semaphore"
)

const (
	maxManifest = 4 << 20 // bytes of an index or a manifest; the OCI distribution-spec wants at least this allowed
	pollEvery   = 100 * time.Millisecond
)

// job is one pull under way.
type job struct {
	*Puller
	name             string
	sel              selection
	board            *board
	mirrored, direct remotes.Fetcher
}

// run fetches root and all that it refers to.
func (j *job) run(ctx context.Context, root ocispec.Descriptor) error {
	handler, err := j.handler()
	if err != nil {
		return err
	}
	j.board.expect(ctx, root)
	stop := j.board.follow(ctx, j.store.ContentStore(), pollEvery)
	defer stop()
	return images.Dispatch(ctx, handler, semaphore.NewWeighted(j.cfg.Parallel), root)
}

// handler does with each descriptor what containerd does in a pull of its own,
// labels that keep children from garbage collection included.
func (j *job) handler() (images.Handler, error) {
	store := j.store.ContentStore()
	children := images.SetChildrenMappedLabels(store, images.ChildrenHandler(store), images.ChildGCLabels)
	children = images.FilterPlatforms(children, j.sel.match)
	children = images.LimitManifests(children, j.sel.match, j.sel.limit)
	label, err := docker.AppendDistributionSourceLabel(store, j.name)
	if err != nil {
		return nil, err
	}
	expect := func(ctx context.Context, d ocispec.Descriptor) ([]ocispec.Descriptor, error) {
		found, err := children(ctx, d)
		if err == nil {
			j.board.expect(ctx, found...)
		}
		return found, err
	}
	return images.Handlers(images.HandlerFunc(j.handle), images.HandlerFunc(expect), label), nil
}

// handle makes sure that one blob is in the store.
func (j *job) handle(ctx context.Context, d ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	if err := check(d); err != nil {
		return nil, err
	}
	d.URLs = nil // the mirror or the registry, and nowhere that a manifest may point to
	e := j.board.blob(ctx, d)
	e.fetching.Lock() // a manifest may name a layer twice
	defer e.fetching.Unlock()
	j.board.pulling(e)
	err := j.fetch(withMeter(ctx, &e.meter), d, e)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", kindOf(d), d.Digest, err)
	}
	j.board.complete(e, j.sources(ctx, e))
	return nil, nil
}

func check(d ocispec.Descriptor) error {
	if err := d.Digest.Validate(); err != nil {
		return fmt.Errorf("digest %q: %w", d.Digest, err)
	}
	if d.Size <= 0 {
		return fmt.Errorf("%s %s: its size is given as %d bytes", kindOf(d), d.Digest, d.Size)
	}
	if !isLeaf(d) && d.Size > maxManifest {
		return fmt.Errorf("%s %s: %d bytes are more than the %d allowed", kindOf(d), d.Digest, d.Size, maxManifest)
	}
	return nil
}
