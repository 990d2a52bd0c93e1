package swarm

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
)

const (
	tick       = 20 * time.Millisecond // between looks at what has expired
	maxTrees   = 50_000                // digests that are in motion at one time
	maxWaiting = 30_000                // joins that wait at one time; each has a connection
	maxGrowing = 256                   // ingests of one node that are followed
)

// forest is everything that is in motion: a tree for each digest that somebody is
// fetching. It is in memory only. A tracker that starts hears of all of it with
// the next heartbeats.
//
// With mu held, of the roster and the index only what takes no lock, or none that
// is ever held while the swarm is called, may be used: the roster tells of its
// verdicts with its own lock held.
type forest struct {
	rules Rules
	begin time.Time

	mu      sync.Mutex
	trees   map[digest.Digest]*Tree
	ledger  Ledger
	waiting int // joins
	passed  int // leases, of the trees that are no more
}

// Stats is how much is in motion.
type Stats struct {
	Swarms   int // digests that somebody is fetching
	Partials int // nodes that are on their way to one, summed over the digests
	Waiting  int // joins that wait
	Leases   int // that are held and not yet used
	Passed   int // leases that were lost so far, and passed on where somebody waited
}

func (f *forest) now() time.Duration { return time.Since(f.begin) }

// Stats counts.
func (s *Swarm) Stats() Stats {
	f := &s.forest
	f.mu.Lock()
	defer f.mu.Unlock()
	st := Stats{Swarms: len(f.trees), Waiting: f.waiting, Passed: f.passed}
	for _, t := range f.trees {
		st.Partials += t.partials
		st.Leases += len(t.leases)
		st.Passed += t.passed
	}
	return st
}

// Run takes back what nobody uses, until ctx ends.
func (s *Swarm) Run(ctx context.Context) {
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			s.expire()
		}
	}
}

func (s *Swarm) expire() {
	s.forest.mu.Lock()
	defer s.forest.mu.Unlock()
	for d, t := range s.forest.trees {
		t.Expire(s.forest.now())
		s.settle(d, t)
	}
}

// settle answers whom it can and forgets a tree that has come to rest, the lock
// being held.
func (s *Swarm) settle(d digest.Digest, t *Tree) {
	t.Admit(s.forest.now(), func(w *Waiter, ans Answer) {
		s.forest.waiting--
		w.answer <- ans
	})
	if t.Idle() {
		s.forest.passed += t.passed
		delete(s.forest.trees, d)
	}
}

// tree is the digest's, a new one if need be; nil when there are too many. The
// lock is held.
func (f *forest) tree(d digest.Digest) *Tree {
	t := f.trees[d]
	if t == nil && len(f.trees) < maxTrees {
		t = NewTree(&f.rules, &f.ledger)
		f.trees[digest.Digest(strings.Clone(string(d)))] = t // a digest shares its message's memory
	}
	return t
}
