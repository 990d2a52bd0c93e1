package ingests

import (
	"context"
	"errors"
	"io"
	"time"
)

var errStandstill = errors.New("it does not grow any more")

// follow sees one ingest to its end, and tells the trackers what happens.
func (i *Ingests) follow(ctx context.Context, in *ingest) {
	defer func() { _ = in.growing.Close() }()
	err := i.grow(ctx, in)
	i.mu.Lock()
	delete(i.followed, in.digest)
	i.mu.Unlock()
	if ctx.Err() != nil {
		return // the announcer says goodbye for all
	}
	size := in.growing.Size()
	i.log.Debug("ingest has ended", "digest", in.digest, "size", size, "parent", in.source(), "reason", err)
	i.metrics.ended.WithLabelValues(outcome(err)).Inc()
	if errors.Is(err, io.EOF) {
		i.tell(success(in.digest, size, in.source()))
	} else if in.shared() {
		i.tell(failure(in.digest, size, in.source()))
	}
}

// grow returns when the ingest has ended, with [io.EOF] when it was committed.
func (i *Ingests) grow(ctx context.Context, in *ingest) error {
	for at := in.found; ; {
		offset, err := i.next(ctx, in, at)
		if err != nil {
			return err
		}
		first, tell := in.see(time.Now(), offset)
		if first {
			i.log.Debug("ingest grows", "digest", in.digest, "offset", offset, "parent", in.source())
		}
		if tell {
			i.tell(in.report(time.Now()))
		}
		i.metrics.arrived(in.source(), offset-at)
		at = offset
	}
}

// next waits for more than at bytes, or the commit. One that is full and is not
// committed has wrong bytes, or a slow disk: somebody has to look. One that has not
// begun may have to wait for its turn: containerd makes the ingests of all layers at
// once, and gets three of them at a time.
func (i *Ingests) next(ctx context.Context, in *ingest, at int64) (int64, error) {
	if size := in.growing.Size(); size == 0 || at < size {
		patience := i.timing.standstill
		if !in.shared() {
			patience = max(patience, i.timing.expect)
		}
		return await(ctx, in, at, patience)
	}
	offset, err := await(ctx, in, at, i.timing.commit)
	if errors.Is(err, errStandstill) {
		i.parts.Suspect(in.digest)
		offset, err = await(ctx, in, at, i.timing.stuck)
	}
	return offset, err
}

func await(ctx context.Context, in *ingest, beyond int64, patience time.Duration) (int64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errStandstill)
	defer cancel()
	return in.growing.Wait(ctx, beyond)
}
