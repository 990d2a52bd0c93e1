package puller

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	attempts     = 2               // for one blob and way to it, as long as they are answered
	abortTimeout = 5 * time.Second // for the store to drop an ingest
)

// fetch brings one blob into the store: by the mirror, where the registry is
// asked for what the mirror has not; and if that fails from the registry alone.
func (j *job) fetch(ctx context.Context, d ocispec.Descriptor, e *entry) error {
	mirrored := j.fetchFrom(ctx, j.mirrored, d, e)
	if mirrored == nil || ctx.Err() != nil {
		return mirrored
	}
	direct := j.fetchFrom(ctx, j.direct, d, e)
	if direct == nil || errdefs.IsNotFound(mirrored) { // the mirror's miss says nothing
		return direct
	}
	return fmt.Errorf("%w; then from the registry alone: %w", mirrored, direct)
}

func (j *job) fetchFrom(ctx context.Context, from remotes.Fetcher, d ocispec.Descriptor, e *entry) (err error) {
	for range attempts {
		answered := e.meter.answers.Load()
		err = remotes.Fetch(ctx, j.store.ContentStore(), from, d)
		if err == nil || errdefs.IsAlreadyExists(err) {
			return nil
		}
		discarded := j.discard(ctx, d, e, err)
		if ctx.Err() != nil || !discarded && e.meter.answers.Load() == answered {
			break // the pull is over, or nobody has it
		}
		j.log.Debug("pull goes on after a failed attempt", "digest", d.Digest, "error", err)
	}
	return err
}

// discard throws away an ingest that can't become the blob. Left alone, its
// bytes would be committed, and refused, at each later pull too.
func (j *job) discard(ctx context.Context, d ocispec.Descriptor, e *entry, err error) bool {
	ended := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	wrong := errdefs.IsFailedPrecondition(err)
	if !wrong && (!ended || !j.isFull(ctx, e.ref)) {
		return false
	}
	if wrong {
		j.log.Warn("pull got wrong bytes", "digest", d.Digest, "error", err)
	}
	e.meter.reset()
	e.since = time.Now()
	if err := j.store.ContentStore().Abort(ctx, e.ref); err != nil && !errdefs.IsNotFound(err) {
		j.log.Warn("a broken ingest could not be aborted", "ref", e.ref, "error", err)
	}
	return true
}

// isFull: the pull ended between the last byte and the commit, which would have
// told whether the bytes are right.
func (j *job) isFull(ctx context.Context, ref string) bool {
	s, err := j.store.ContentStore().Status(ctx, ref)
	return err == nil && s.Total > 0 && s.Offset >= s.Total
}

// settle is how long the mirror's log of a transfer may lag behind the last
// byte of it.
const settle = time.Second

// sources waits, briefly, for the mirror's account of what it sent.
func (j *job) sources(ctx context.Context, e *entry) []Source {
	mirror, origin := e.meter.mirror.Load(), e.meter.origin.Load()
	for end := time.Now().Add(settle); ; {
		found := attribute(e.Size, mirror, origin, since(j.transfers.Find(e.Digest), e.since))
		if !unexplained(found) || time.Now().After(end) {
			return found
		}
		select {
		case <-ctx.Done():
			return found
		case <-time.After(5 * time.Millisecond):
		}
	}
}
