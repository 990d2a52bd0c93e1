package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/containerd/v2/core/events"
	"github.com/containerd/typeurl/v2"
	"github.com/opencontainers/go-digest"
)

var errEventsEnded = errors.New("containerd ended the events")

// Subscribe sends events until ctx ends or the connection breaks; then exactly
// one error, and both channels are closed. What happens before the
// subscription has reached containerd is missed.
func (b *Base) Subscribe(ctx context.Context) (<-chan Event, <-chan error) {
	out, failed := make(chan Event), make(chan error, 1)
	go func() {
		defer close(failed)
		defer close(out)
		// The relay may end first, by an error: containerd's goroutine
		// must not stay behind.
		ctx, cancel := context.WithCancel(b.WithContext(ctx))
		defer cancel()
		in, errs := b.services.Events.Subscribe(ctx, b.eventFilter())
		failed <- fmt.Errorf("events: %w", relay(ctx, in, errs, out))
	}()
	return out, failed
}

func (b *Base) eventFilter() string {
	return fmt.Sprintf("namespace==%q,topic~=%q", b.Namespace, "^/(content|images)/")
}

// relay always returns an error.
func relay(ctx context.Context, in <-chan *events.Envelope, errs <-chan error, out chan<- Event) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-errs:
			if err == nil {
				err = errEventsEnded
			}
			return translate(err)
		case envelope := <-in:
			e, ok := parseEvent(envelope)
			if !ok {
				continue
			}
			select {
			case out <- e:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
}

// parseEvent is false for events of no interest here.
func parseEvent(e *events.Envelope) (Event, bool) {
	switch {
	case e == nil:
		return Event{}, false
	case strings.HasPrefix(e.Topic, "/images/"):
		return Event{Kind: ImagesChanged}, true
	case e.Topic == "/content/create":
		return blobEvent(BlobCreated, e.Event)
	case e.Topic == "/content/delete":
		return blobEvent(BlobDeleted, e.Event)
	}
	return Event{}, false
}

func blobEvent(kind EventKind, message typeurl.Any) (Event, bool) {
	m, err := typeurl.UnmarshalAny(message)
	if err != nil {
		return Event{}, false
	}
	named, ok := m.(interface{ GetDigest() string })
	if !ok {
		return Event{}, false
	}
	d, err := digest.Parse(named.GetDigest())
	return Event{Kind: kind, Digest: d}, err == nil
}
