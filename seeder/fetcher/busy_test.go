package fetcher

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// busy is what a peer side answers whose upload slots are all taken.
func busy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
}

func TestABusyPeerIsLoadAndNoFailure(t *testing.T) {
	data, d := blob(largeSize)
	full := serve(t, "full", busy)
	w := newTrial(t, full, map[string][]byte{"free": data})
	if got := nodes(w.wantBlob(d, data)); got != "free" {
		t.Errorf("it came from %s", got)
	}
	w.wantReports("full overloaded")
	s := w.peers.get(full.Addr).standing()
	if s.doubtful {
		t.Error("the busy peer is remembered as one that failed")
	}
	if w.grudges.has(grudge{d, full.Addr, full.Epoch}) {
		t.Error("it is not asked for this digest any more")
	}
}

func TestAServerErrorIsNotTakenForBusy(t *testing.T) {
	w := want{end: -1, size: -1}
	if _, err := w.check(http.StatusServiceUnavailable, http.Header{}, 0); blameOf(err) != trackerapi.KindMiss {
		t.Errorf("it is blamed for %q", blameOf(err))
	}
}

func TestABusyPeerComesLastForAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := backoff{}.busy(time.Now())
		if !b.active(time.Now()) || b.remembered(time.Now()) {
			t.Errorf("%+v", b)
		}
		if failed := b.failed(time.Now()); failed.failures != 1 {
			t.Errorf("a failure of a busy peer does not count: %+v", failed)
		}
		<-time.After(busyBackoff)
		if b.active(time.Now()) {
			t.Error("it is busy for ever")
		}
	})
}
