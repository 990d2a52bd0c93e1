package guard

import (
	"slices"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// timing is when the guard does what.
type timing struct {
	// first is the time from the end of a relay to the first look:
	// containerd has nearly always committed by then.
	first time.Duration
	// grace is how long an ingest may be full without a commit.
	grace time.Duration
	// slowest is the longest pause between two looks at an ingest that
	// does not move.
	slowest time.Duration
	// stuck is how long an ingest that cannot be read may be full without
	// a commit. It is long: a commit writes everything to disk, and what
	// is right must not be aborted.
	stuck time.Duration
	// giveUp ends a watch.
	giveUp time.Duration
}

var defaultTiming = timing{
	first:   500 * time.Millisecond,
	grace:   500 * time.Millisecond,
	slowest: 30 * time.Second,
	stuck:   30 * time.Second,
	giveUp:  time.Hour,
}

// watch is what the guard knows about one digest.
type watch struct {
	digest  digest.Digest
	sources []string
	end     time.Time // when to give up
	due     time.Time // when to look next
	pause   time.Duration
	sights  map[string]*sight // by ref
}

// sight is how an ingest looks, and since when.
type sight struct {
	ingest store.Ingest
	since  time.Time
	right  bool // its bytes were hashed and found right
}

func (w *watch) prolong(now time.Time, t timing, sources []string) {
	w.end = now.Add(t.giveUp)
	w.pause = t.first
	w.due = now.Add(t.first)
	for _, s := range sources {
		if len(w.sources) < maxSources && !slices.Contains(w.sources, s) {
			w.sources = append(w.sources, s)
		}
	}
}

// see notes how the ingests look now. It returns their sights, and whether any
// has changed since the last time.
func (w *watch) see(now time.Time, list []store.Ingest) (changed bool) {
	seen := make(map[string]*sight, len(list))
	for _, in := range list {
		s := w.sights[in.Ref]
		if s == nil || !same(s.ingest, in) {
			s = &sight{ingest: in, since: now}
			changed = true
		}
		seen[in.Ref] = s
	}
	w.sights = seen
	return changed
}

// again sets the time of the next look: soon after something moved, later and
// later while nothing does.
func (w *watch) again(now time.Time, t timing, moving bool) {
	if moving {
		w.pause = t.first
	} else {
		w.pause = min(2*w.pause, t.slowest)
	}
	w.due = now.Add(w.pause)
}

func same(a, b store.Ingest) bool {
	return a.Ref == b.Ref && a.Offset == b.Offset && a.Total == b.Total && a.UpdatedAt.Equal(b.UpdatedAt)
}

// full reports whether an ingest has all its bytes. One whose length nobody
// knows may always get more.
func full(in store.Ingest) bool { return in.Total > 0 && in.Offset >= in.Total }
