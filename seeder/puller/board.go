package puller

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// board keeps the state of every blob of a pull, and tells of changes.
type board struct {
	mu    sync.Mutex // also orders the calls of emit
	emit  func(Event)
	blobs map[digest.Digest]*entry
}

// entry is one blob. Its Blob belongs to the board; the rest to whoever holds
// fetching.
type entry struct {
	Blob
	ref      string // of its ingest
	began    time.Time
	fetching sync.Mutex
	since    time.Time // transfers from before say nothing about the bytes we have
	meter    meter
}

func newBoard(emit func(Event)) *board {
	return &board{emit: emit, blobs: map[digest.Digest]*entry{}}
}

func (b *board) resolved(name string, root ocispec.Descriptor) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.emit(Event{Type: Resolved, Image: name, Digest: root.Digest})
}

// expect makes blobs known before their turn comes.
func (b *board) expect(ctx context.Context, ds ...ocispec.Descriptor) {
	for _, d := range ds {
		b.blob(ctx, d)
	}
}

func (b *board) blob(ctx context.Context, d ocispec.Descriptor) *entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.blobs[d.Digest]
	if !ok {
		e = &entry{
			Blob: Blob{Digest: d.Digest, Kind: kindOf(d), Size: d.Size, State: Waiting},
			ref:  remotes.MakeRefKey(ctx, d),
		}
		b.blobs[d.Digest] = e
		b.tell(e)
	}
	return e
}

func (b *board) pulling(e *entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.State == Waiting {
		e.State, e.began = Pulling, time.Now()
		e.since = e.began
		b.tell(e)
	}
}

func (b *board) complete(e *entry, sources []Source) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.State == Pulling {
		e.State, e.Offset, e.Sources = Complete, e.Size, sources
		b.tell(e)
	}
}

// tell is called with mu held.
func (b *board) tell(e *entry) {
	blob := e.Blob
	if !e.began.IsZero() {
		blob.Seconds = time.Since(e.began).Seconds()
	}
	b.emit(Event{Type: Progress, Blob: &blob})
}

// follow watches the ingests grow until stop is called.
func (b *board) follow(ctx context.Context, store content.IngestManager, every time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				b.poll(ctx, store)
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

// poll is a hint to a person: where it fails the next one will do.
func (b *board) poll(ctx context.Context, store content.IngestManager) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	ingests, err := store.ListStatuses(ctx)
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.blobs {
		i := slices.IndexFunc(ingests, func(s content.Status) bool { return s.Ref == e.ref })
		if i >= 0 && e.State == Pulling && e.Offset != ingests[i].Offset {
			e.Offset = ingests[i].Offset
			b.tell(e)
		}
	}
}

// totals adds up what is complete.
func (b *board) totals(took time.Duration) *Totals {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := tally{sources: []Source{}} // never nil: in JSON it is a list
	for _, e := range b.blobs {
		for _, s := range e.Sources {
			sum.add(s)
		}
	}
	return &Totals{Seconds: took.Seconds(), Sources: sum.sources}
}

// isLeaf: nothing but indexes and manifests has children.
func isLeaf(d ocispec.Descriptor) bool {
	return !images.IsIndexType(d.MediaType) && !images.IsManifestType(d.MediaType)
}

func kindOf(d ocispec.Descriptor) string {
	switch {
	case images.IsIndexType(d.MediaType):
		return "index"
	case images.IsManifestType(d.MediaType):
		return "manifest"
	case images.IsConfigType(d.MediaType):
		return "config"
	case images.IsLayerType(d.MediaType):
		return "layer"
	}
	return "other"
}
