package store

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
)

// growth is the state of one ingest, for all that read it.
type growth struct {
	data *os.File
	path string // of data, until it is committed or aborted
	blob string // where a commit moves it

	readers int // watch's own

	mu      sync.Mutex
	offset  int64 // of the file
	feed    *Feed // what follows that; may be nil
	size    int64
	ended   error         // nil while it goes on; io.EOF when it was committed
	changed chan struct{} // closed, and replaced, at each change
}

func newGrowth(a Arrival, blob string) (*growth, error) {
	data, err := os.Open(a.data())
	if err != nil {
		return nil, err
	}
	return &growth{data: data, path: a.data(), blob: blob, size: a.total(), changed: make(chan struct{})}, nil
}

// Size is that of the whole, in bytes; 0 while it is unknown. After the commit
// it is known.
func (g *growth) Size() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.size
}

// Offset is the number of bytes that are there, in the file or in the feed.
func (g *growth) Offset() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.feed.beyond(g.offset, 0)
}

// Attach adds what a feed has to what is in the file. The last one counts.
func (g *growth) Attach(f *Feed) {
	g.mu.Lock()
	g.feed = f
	g.mu.Unlock()
	f.attach(g.fed)
	g.fed()
}

func (g *growth) fed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wake()
}

// wake has all that wait look again. The lock is held.
func (g *growth) wake() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// parts are the file's length, and the feed that goes on from there.
func (g *growth) parts() (length int64, f *Feed) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.offset, g.feed
}

// Err is nil while the ingest goes on, [io.EOF] once it was committed, and
// otherwise says how it failed.
func (g *growth) Err() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.ended
}

// Wait returns once more than beyond bytes are there, with their number; with
// [io.EOF] once it is certain that there will never be more; with [ErrAborted]
// or [ErrTruncated], even where there are more, since nothing read from a failed
// ingest is worth anything; or with ctx's cause.
func (g *growth) Wait(ctx context.Context, beyond int64) (offset int64, err error) {
	for {
		g.mu.Lock()
		offset, ended, changed := g.feed.beyond(g.offset, beyond), g.ended, g.changed
		g.mu.Unlock()
		switch {
		case ended != nil && !errors.Is(ended, io.EOF):
			return offset, ended
		case offset > beyond:
			return offset, nil
		case ended != nil:
			return offset, ended
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return offset, context.Cause(ctx)
		}
	}
}

// look brings the state up to date. Whoever began an ingest anew and wrote more
// than before between two looks is not found out; the digest tells his readers.
func (g *growth) look() {
	info, err := g.data.Stat()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended != nil {
		return
	}
	before := g.offset
	switch {
	case err != nil:
		g.ended = err
	case info.Size() < g.offset:
		g.ended = ErrTruncated
	case isAt(g.path, info):
		g.offset = info.Size()
	case isAt(g.blob, info): // nobody writes any more; has one written since the Stat above?
		if info, err = g.data.Stat(); err == nil {
			g.offset, g.size, g.ended = info.Size(), info.Size(), io.EOF
		}
	default:
		g.ended = ErrAborted
	}
	if g.ended != nil || g.offset != before {
		g.wake()
	}
}

func isAt(path string, file os.FileInfo) bool {
	there, err := os.Stat(path)
	return err == nil && os.SameFile(there, file)
}
