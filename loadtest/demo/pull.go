package demo

import (
	"context"
	"fmt"
	"sync"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/puller"
)

// pull is a pull by one node, and what is known of it so far.
type pull struct {
	node *node
	done chan struct{} // closed at its end
	err  error         // how it ended; not to be read before done

	mu    sync.Mutex
	blobs map[digest.Digest]puller.Blob
	last  puller.Event
}

func newPull(n *node) *pull {
	return &pull{node: n, done: make(chan struct{}), blobs: map[digest.Digest]puller.Blob{}}
}

// run makes the node pull the image; hear is told of every blob that is
// complete.
func (p *pull) run(ctx context.Context, image string, hear func(puller.Blob)) {
	defer close(p.done)
	p.err = puller.Ask(ctx, p.node.mirror, puller.Request{Image: image}, func(e puller.Event) {
		p.note(e)
		if e.Blob != nil && e.Blob.State == puller.Complete {
			hear(*e.Blob)
		}
	})
}

func (p *pull) note(e puller.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = e
	if e.Blob != nil {
		p.blobs[e.Blob.Digest] = *e.Blob
	}
}

// wait is for the end of the pull.
func (p *pull) wait() (puller.Totals, error) {
	<-p.done
	if p.err != nil {
		return puller.Totals{}, fmt.Errorf("%s: %w", p.node.name, p.err)
	}
	return *p.last.Totals, nil
}

func (p *pull) blob(d digest.Digest) puller.Blob {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.blobs[d]
}
