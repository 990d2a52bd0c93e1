package store

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// lookEvery is the pause between looks that the kernel gave no reason
	// for: it tells of each write, but may lose some when there are many.
	lookEvery = 250 * time.Millisecond
	// lookOften is the same where the kernel tells nothing, because
	// something on this machine has taken all inotify instances.
	lookOften = 10 * time.Millisecond
)

// watch follows all ingests that somebody reads, with one goroutine and one
// inotify instance, of which a machine has few. It runs from the first reader
// to the last.
type watch struct {
	notifier func() (*fsnotify.Watcher, error)

	mu      sync.Mutex
	growths map[string]*growth // by folder
	rounds  *rounds            // nil while nobody reads
}

// maxEvents is how many the kernel's events may be ahead of the looks.
const maxEvents = 64

func newWatch() *watch {
	return &watch{
		notifier: func() (*fsnotify.Watcher, error) { return fsnotify.NewBufferedWatcher(maxEvents) },
		growths:  map[string]*growth{},
	}
}

// join finds or makes the growth of an ingest, for one more reader.
func (w *watch) join(a Arrival, blob string) (*growth, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.growths[a.dir]
	if g == nil || g.Err() != nil {
		var err error
		if g, err = newGrowth(a, blob); err != nil {
			return nil, err
		}
		w.growths[a.dir] = g
		if w.rounds == nil {
			w.rounds = w.begin()
		}
		w.rounds.add(a.dir)
		g.look() // at what was written before anybody watched
	}
	g.readers++
	return g, nil
}

// leave forgets a growth with its last reader.
func (w *watch) leave(g *growth) {
	w.mu.Lock()
	if g.readers--; g.readers > 0 {
		w.mu.Unlock()
		return
	}
	_ = g.data.Close()
	if dir := filepath.Dir(g.path); w.growths[dir] == g {
		delete(w.growths, dir)
		w.rounds.remove(dir)
	}
	ended := w.rounds
	if len(w.growths) > 0 {
		ended = nil
	} else {
		w.rounds = nil
	}
	w.mu.Unlock()
	ended.stop()
}

func (w *watch) lookAt(dir string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.growths[dir]; g != nil {
		g.look()
	}
}

func (w *watch) lookAtAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.growths {
		g.look()
	}
}

// rounds are the goroutine that looks, and what wakes it.
type rounds struct {
	notify *fsnotify.Watcher // nil where none is to be had
	cancel context.CancelFunc
	done   chan struct{}
}

func (w *watch) begin() *rounds {
	ctx, cancel := context.WithCancel(context.Background()) // it is its readers' and ends with them
	r := &rounds{cancel: cancel, done: make(chan struct{})}
	r.notify, _ = w.notifier()
	go func() {
		defer close(r.done)
		r.run(ctx, w)
	}()
	return r
}

func (r *rounds) run(ctx context.Context, w *watch) {
	var events chan fsnotify.Event
	var lost chan error
	pause := lookOften
	if r.notify != nil {
		defer func() { _ = r.notify.Close() }()
		events, lost, pause = r.notify.Events, r.notify.Errors, lookEvery
	}
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case e := <-events:
			w.lookAt(filepath.Dir(e.Name))
		case <-lost: //nolint:errcheck // whatever it is, events may be missing
			w.lookAtAll()
		case <-tick.C:
			w.lookAtAll()
		case <-ctx.Done():
			return
		}
	}
}

// add and remove may fail, for a folder that is gone or too many watches: then
// the ticks do.
func (r *rounds) add(dir string) {
	if r.notify != nil {
		_ = r.notify.Add(dir)
	}
}

func (r *rounds) remove(dir string) {
	if r.notify != nil {
		_ = r.notify.Remove(dir)
	}
}

func (r *rounds) stop() {
	if r != nil {
		r.cancel()
		<-r.done
	}
}
