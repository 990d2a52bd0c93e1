package store

import (
	"context"
	_ "crypto/sha256" // the algorithms that digests may have
	_ "crypto/sha512"
	"errors"
	"fmt"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/events"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/leases"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"
)

const (
	callTimeout = 5 * time.Second  // one question to containerd
	walkTimeout = 60 * time.Second // all blobs of a large node
	leaseTime   = 24 * time.Hour   // as containerd's own pulls have it

	abortTries = 4
	abortPause = 20 * time.Millisecond
)

// Services are containerd's, wherever they run.
type Services struct {
	Content content.Store
	Images  images.Store
	Events  events.Subscriber
	Leases  leases.Manager
}

// Base is what both implementations have in common: the contract of this
// package on top of containerd's own interfaces, for one namespace. Each call
// has its own deadline. It is safe for concurrent use.
type Base struct {
	Files
	services Services
	watch    *watch
}

// NewBase makes a Base whose blobs are the files of f.
func NewBase(s Services, f Files) *Base {
	return &Base{Files: f, services: s, watch: newWatch()}
}

// ContentStore is the content as containerd's own interface. Calls to it need
// a context made by WithContext.
func (b *Base) ContentStore() content.Store { return b.services.Content }

// ImageStore is the images as containerd's own interface. Calls to it need a
// context made by WithContext.
func (b *Base) ImageStore() images.Store { return b.services.Images }

// WithContext puts the namespace on ctx.
func (b *Base) WithContext(ctx context.Context) context.Context {
	return namespaces.WithNamespace(ctx, b.Namespace)
}

// Lease is WithContext for someone who writes: until release is called, or a
// day has passed, garbage collection spares what was written with the context
// that it returns.
func (b *Base) Lease(ctx context.Context) (leased context.Context, release func(), err error) {
	call, cancel := b.call(ctx, callTimeout)
	defer cancel()
	l, err := b.services.Leases.Create(call, leases.WithRandomID(), leases.WithExpiration(leaseTime))
	if err != nil {
		return nil, nil, fmt.Errorf("create lease: %w", translate(err))
	}
	return leases.WithLease(b.WithContext(ctx), l.ID), func() { b.release(ctx, l) }, nil
}

// release must work at the end of a pull that was cancelled. If it does not,
// the lease expires.
func (b *Base) release(ctx context.Context, l leases.Lease) {
	ctx, cancel := b.call(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	_ = b.services.Leases.Delete(ctx, l)
}

// Walk calls fn for every committed blob of the namespace.
func (b *Base) Walk(ctx context.Context, fn func(Info) error) error {
	ctx, cancel := b.call(ctx, walkTimeout)
	defer cancel()
	err := b.services.Content.Walk(ctx, func(i content.Info) error {
		return fn(Info{Digest: i.Digest, Size: i.Size})
	})
	if err != nil {
		return fmt.Errorf("walk: %w", translate(err))
	}
	return ctx.Err()
}

// Images lists the names of the namespace.
func (b *Base) Images(ctx context.Context) ([]Image, error) {
	ctx, cancel := b.call(ctx, callTimeout)
	defer cancel()
	list, err := b.services.Images.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list images: %w", translate(err))
	}
	all := make([]Image, len(list))
	for i, img := range list {
		all[i] = Image{Name: img.Name, Digest: img.Target.Digest, UpdatedAt: img.UpdatedAt}
	}
	return all, nil
}

// Ingests lists what is being written under a ref that names d, as containerd
// makes them: "layer-sha256:…", "manifest-sha256:…" and so on.
func (b *Base) Ingests(ctx context.Context, d digest.Digest) ([]Ingest, error) {
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("list ingests: %q: %w", d, err)
	}
	ctx, cancel := b.call(ctx, callTimeout)
	defer cancel()
	list, err := b.services.Content.ListStatuses(ctx, fmt.Sprintf("ref~=%q", "[-@]"+d.String()+"$"))
	if err != nil {
		return nil, fmt.Errorf("list ingests: %w", translate(err))
	}
	all := make([]Ingest, len(list))
	for i, st := range list {
		all[i] = Ingest{Ref: st.Ref, Offset: st.Offset, Total: st.Total, UpdatedAt: st.UpdatedAt}
	}
	return all, nil
}

// Abort ends an ingest and removes what it has written. A writer that closes
// at the same moment can put a file into the folder that is being removed, and
// make the removal fail: so it is tried again.
func (b *Base) Abort(ctx context.Context, ref string) error {
	ctx, cancel := b.call(ctx, callTimeout)
	defer cancel()
	for tries := 1; ; tries++ {
		err := translate(b.services.Content.Abort(ctx, ref))
		if err == nil {
			return nil
		}
		if errors.Is(err, ErrNotFound) || tries == abortTries || ctx.Err() != nil {
			return fmt.Errorf("abort %s: %w", ref, err)
		}
		select {
		case <-time.After(abortPause):
		case <-ctx.Done():
		}
	}
}

func (b *Base) call(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(b.WithContext(ctx), d)
}

// translate makes containerd's "not found" this package's.
func translate(err error) error {
	if errdefs.IsNotFound(err) && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}
