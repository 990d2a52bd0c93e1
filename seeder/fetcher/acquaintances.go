package fetcher

import (
	"slices"
	"sync"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	maxLast  = 4096 // handouts that are remembered
	maxMet   = 32   // nodes that are remembered
	maxGuess = 3    // of them that are asked on the off chance
)

// acquaintances are for the time when no tracker answers: who had a digest when
// one did, and who was known to have anything at all.
type acquaintances struct {
	mu   sync.Mutex
	last map[digest.Digest]trackerapi.Handout
	met  []trackerapi.Holder // one per node, the one met last first
}

// note remembers what the trackers answered.
func (a *acquaintances) note(ds []digest.Digest, handouts []trackerapi.Handout) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, h := range handouts[:min(len(ds), len(handouts))] {
		if len(h) == 0 {
			delete(a.last, ds[i])
			continue
		}
		a.remember(ds[i], h)
		for _, holder := range h {
			a.meet(holder)
		}
	}
}

func (a *acquaintances) remember(d digest.Digest, h trackerapi.Handout) {
	if a.last == nil {
		a.last = make(map[digest.Digest]trackerapi.Handout)
	}
	for old := range a.last { // any one will do
		if len(a.last) < maxLast {
			break
		}
		delete(a.last, old)
	}
	a.last[d] = h
}

func (a *acquaintances) meet(h trackerapi.Holder) {
	a.met = slices.DeleteFunc(a.met, func(known trackerapi.Holder) bool { return known.Node == h.Node })
	a.met = slices.Insert(a.met, 0, h)
	a.met = a.met[:min(len(a.met), maxMet)]
}

// guess names those who had d according to the last handout, or else a few
// nodes that may have it. worthAsking says who is not known to be of no use.
func (a *acquaintances) guess(d digest.Digest, worthAsking func(trackerapi.Holder) bool) trackerapi.Handout {
	a.mu.Lock()
	defer a.mu.Unlock()
	if h := a.last[d]; len(h) > 0 {
		return h
	}
	var some trackerapi.Handout
	for _, h := range a.met {
		if len(some) < maxGuess && worthAsking(h) {
			some = append(some, h)
		}
	}
	return some
}
