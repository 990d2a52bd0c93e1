package fetcher

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

var errNoTracker = errors.New("no tracker")

// loseTrackers makes every lookup fail from now on, and forgets the answers.
func (w *world) loseTrackers() {
	w.mu.Lock()
	w.lookupFn = func(context.Context) error { return errNoTracker }
	w.mu.Unlock()
	w.handouts.mu.Lock()
	clear(w.handouts.answers)
	w.handouts.mu.Unlock()
}

func TestWithoutTrackersTheLastHandoutServes(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{}, serve(t, "a", good(data)))
	w.wantBlob(d, data)
	w.loseTrackers()
	if got := nodes(w.wantBlob(d, data)); got != "a" {
		t.Errorf("from %s", got)
	}
}

func TestWithoutTrackersKnownPeersAreAsked(t *testing.T) {
	first, d := blob(smallSize)
	second, other := blob(smallSize + 1)
	has := func(data []byte, d digest.Digest, next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v2/library/redis/blobs/"+d.String() {
				good(data)(w, r)
				return
			}
			next(w, r)
		}
	}
	both := has(first, d, has(second, other, http.NotFound))
	w := newWorld(t, Config{}, serve(t, "a", has(first, d, http.NotFound)), serve(t, "b", both))
	w.wantBlob(d, first)
	w.loseTrackers()
	if got := nodes(w.wantBlob(other, second)); got != "b" {
		t.Errorf("from %s", got)
	}
}

// A guess must cost nothing when nobody is worth asking.
func TestWithoutTrackersPeersThatFailAreLeftAlone(t *testing.T) {
	data, d := blob(smallSize)
	var asked atomic.Int64
	w := newWorld(t, Config{}, serve(t, "a", counted(&asked, good(data))))
	w.wantBlob(d, data)
	w.loseTrackers()
	w.peers.get(w.handout[0].Addr).failed()
	asked.Store(0)
	_, other := blob(smallSize + 1)
	if _, err := w.Fetch(t.Context(), Request{Digest: other, Length: ToEnd}); !errors.Is(err, ErrNoSource) || !errors.Is(err, errNoTracker) {
		t.Errorf("got %v", err)
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("asked %d times", n)
	}
}

func TestAcquaintancesAreBounded(t *testing.T) {
	var a acquaintances
	for i := range 2 * maxLast {
		_, d := blob(i)
		a.note([]digest.Digest{d}, []trackerapi.Handout{{{Node: fmt.Sprint("n", i), Addr: fmt.Sprint("a", i)}}})
	}
	if len(a.last) > maxLast || len(a.met) > maxMet {
		t.Errorf("%d handouts, %d nodes", len(a.last), len(a.met))
	}
	_, unknown := blob(maxLast * 4)
	got := a.guess(unknown, func(h trackerapi.Holder) bool { return h.Node != fmt.Sprint("n", 2*maxLast-1) })
	if len(got) != maxGuess || got[0].Node != fmt.Sprint("n", 2*maxLast-2) {
		t.Errorf("guessed %v", got)
	}
}

func TestANewAnswerReplacesTheLast(t *testing.T) {
	var a acquaintances
	_, d := blob(1)
	holder := trackerapi.Holder{Node: "n", Addr: "a"}
	a.note([]digest.Digest{d}, []trackerapi.Handout{{holder}})
	a.note([]digest.Digest{d}, []trackerapi.Handout{{}})
	if got := a.guess(d, func(trackerapi.Holder) bool { return false }); len(got) != 0 {
		t.Errorf("guessed %v, though nobody has it any more", got)
	}
}
