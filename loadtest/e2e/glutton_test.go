package e2e

import (
	"errors"
	"sync"
	"time"
)

// glutton is a node that pulls and removes images all the time.
type glutton struct {
	*node
	end func() // and wait until it has ended

	mu    sync.Mutex
	pulls []pulled
}

type pulled struct {
	image        small
	began, ended time.Time
}

func (n *node) keepPulling(images []small) *glutton {
	w, over := &glutton{node: n}, make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-over:
				return
			default:
				w.pullAndRemove(images[i%len(images)])
			}
		}
	})
	w.end = sync.OnceFunc(func() { close(over); done.Wait() })
	n.cluster.t.Cleanup(w.end)
	return w
}

func (w *glutton) pullAndRemove(i small) {
	p := pulled{image: i, began: time.Now()}
	err := w.tryPull(i.ref)
	p.ended = time.Now()
	if err = errors.Join(err, w.Check(i.Image)); err != nil {
		w.cluster.t.Error(err)
	}
	w.mu.Lock()
	w.pulls = append(w.pulls, p)
	w.mu.Unlock()
	w.Remove(i.ref)
}

// since are the pulls that were not over by then.
func (w *glutton) since(at time.Time) (all []pulled) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.pulls {
		if p.ended.After(at) {
			all = append(all, p)
		}
	}
	return all
}

// waitPulls waits until so many pulls were begun after a time, and are over.
func (w *glutton) waitPulls(begunAfter time.Time, count int) {
	w.cluster.t.Helper()
	w.cluster.Eventually(time.Minute, w.Host.Name+" goes on pulling", func() bool {
		n := 0
		for _, p := range w.since(begunAfter) {
			if p.began.After(begunAfter) {
				n++
			}
		}
		return n >= count || w.cluster.t.Failed()
	})
}

// restart restarts its own seeder, and lets it have the registry
// meanwhile. What that sends is no more than what this node has pulled.
func (w *glutton) restart(images []small) {
	t, registry := w.cluster.t, w.cluster.registry.Host
	t.Helper()
	registry.Plug()
	began, before := time.Now(), registry.Traffic()
	w.restartSeeder(images)
	w.waitPulls(time.Now(), 1)
	sent, need := registry.Traffic().Sub(before).Sent, int64(100_000) // for questions
	for _, p := range w.since(began) {
		need += p.image.Size() * 11 / 10
	}
	registry.Unplug()
	t.Logf("%s was without its seeder: the registry has sent %d KB; of images it has pulled %d KB meanwhile", w.Host.Name, sent/1000, need/1000)
	if sent > need {
		t.Error("others have asked the registry, too")
	}
}

// split has what its pulls took that were over by then, and the others. It has
// ended.
func (w *glutton) split(at time.Time) (before, since []time.Duration) {
	for _, p := range w.pulls {
		if took := p.ended.Sub(p.began); p.ended.Before(at) {
			before = append(before, took)
		} else {
			since = append(since, took)
		}
	}
	return before, since
}
