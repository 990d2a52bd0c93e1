package fetcher

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	positiveMemory = 10 * time.Second       // a handout is used for this long
	negativeMemory = 500 * time.Millisecond // and this long nobody is known to hold a digest
	maxAnswers     = 8192
)

var errUnanswered = errors.New("no tracker answered for this digest")

// handouts remembers for a short while what the trackers answered. A lookup
// that is under way is shared by all who want its digests. Failures are not
// remembered: the Lookuper knows best when asking again makes sense.
type handouts struct {
	lookuper Lookuper
	met      *acquaintances
	timeout  time.Duration
	// spawn runs a function in the background, or returns false.
	spawn func(func(context.Context)) bool

	mu      sync.Mutex
	answers map[digest.Digest]*answer
}

// answer is a lookup's result for one digest. The fields are set before done
// is closed.
type answer struct {
	done    chan struct{}
	handout trackerapi.Handout
	err     error
	at      time.Time
}

// get returns the handout for d, and when it was made.
func (h *handouts) get(ctx context.Context, d digest.Digest) (trackerapi.Handout, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	a := h.ask([]digest.Digest{d})[0]
	select {
	case <-a.done:
		return a.handout, a.at, a.err
	case <-ctx.Done():
		return nil, time.Time{}, ctx.Err()
	}
}

// ask returns the answers for all digests, and starts one lookup for those that
// there is none of.
func (h *handouts) ask(ds []digest.Digest) []*answer {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]*answer, len(ds))
	var missing []digest.Digest
	for i, d := range ds {
		a := h.answers[d]
		if !a.usable(time.Now()) {
			a = &answer{done: make(chan struct{})}
			h.answers[d] = a
			missing = append(missing, d)
		}
		all[i] = a
	}
	for batch := range slices.Chunk(missing, trackerapi.MaxLookup) {
		h.start(batch)
	}
	h.bound()
	return all
}

func (a *answer) usable(now time.Time) bool {
	switch {
	case a == nil:
		return false
	case !a.isDone():
		return true
	case a.err != nil:
		return false
	case len(a.handout) == 0:
		return now.Sub(a.at) < negativeMemory
	default:
		return now.Sub(a.at) < positiveMemory
	}
}

func (a *answer) isDone() bool {
	select {
	case <-a.done:
		return true
	default:
		return false
	}
}

// start looks the digests up in the background: whoever waits for them may go
// away without spoiling it for the others. Called with the lock held.
func (h *handouts) start(ds []digest.Digest) {
	pending := make([]*answer, len(ds))
	for i, d := range ds {
		pending[i] = h.answers[d]
	}
	ok := h.spawn(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, h.timeout)
		defer cancel()
		got, err := h.lookuper.Lookup(ctx, ds)
		if err == nil {
			h.met.note(ds, got)
		}
		settle(pending, got, err)
	})
	if !ok {
		settle(pending, nil, errUnanswered)
	}
}

func settle(pending []*answer, got []trackerapi.Handout, err error) {
	now := time.Now()
	for i, a := range pending {
		a.at, a.err = now, err
		switch {
		case err != nil:
		case i >= len(got) || got[i] == nil:
			a.err = errUnanswered
		default:
			a.handout = got[i]
		}
		close(a.done)
	}
}

// has tells whether somebody was said to hold d, a short while ago.
func (h *handouts) has(d digest.Digest) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := h.answers[d]
	return a.usable(time.Now()) && a.isDone() && len(a.handout) > 0
}

// distrust forgets a handout whose holders were of no use, so that the next get
// asks the trackers. That nobody has a digest is remembered all the same.
func (h *handouts) distrust(d digest.Digest) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a := h.answers[d]; a != nil && a.isDone() && len(a.handout) > 0 {
		delete(h.answers, d)
	}
}

// bound keeps the map small: first what is of no use goes, then anything.
func (h *handouts) bound() {
	if len(h.answers) <= maxAnswers {
		return
	}
	now := time.Now()
	for d, a := range h.answers {
		if !a.usable(now) {
			delete(h.answers, d)
		}
	}
	for d := range h.answers {
		if len(h.answers) <= maxAnswers*3/4 {
			return
		}
		delete(h.answers, d)
	}
}
