package announcer

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestProgressReachesAllTrackersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 2)
		defer b.stop()
		pass(3 * time.Second)
		in := trackerapi.Ingest{Digest: digest.FromString("d"), Offset: 5, Size: 10, Parent: "p", Rate: 7}
		b.Progress([]trackerapi.Ingest{in})
		synctest.Wait() // no time goes by
		for _, r := range b.trackers {
			if !slices.Equal(r.ingests, []trackerapi.Ingest{in}) {
				t.Errorf("told %+v", r.ingests)
			}
		}
	})
}

func TestProgressTellsTheLatestToATrackerThatIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1)
		defer b.stop()
		pass(3 * time.Second)
		var once sync.Once
		b.trackers[0].set(func(ctx context.Context, verb string) error {
			if verb == "progress" {
				once.Do(func() { pause(ctx, 500*time.Millisecond) })
			}
			return nil
		})
		one, two := digest.FromString("1"), digest.FromString("2")
		for i := range int64(10) {
			b.Progress([]trackerapi.Ingest{{Digest: one, Offset: i}})
			synctest.Wait()
		}
		b.Progress([]trackerapi.Ingest{{Digest: two}})
		pass(time.Second)
		got := b.trackers[0].ingests
		slices.SortStableFunc(got, func(a, b trackerapi.Ingest) int { return int(a.Offset - b.Offset) })
		if len(got) != 3 || got[0].Offset != 0 || got[2].Offset != 9 || b.trackers[0].told("progress") != 2 {
			t.Errorf("told in %d messages: %+v", b.trackers[0].told("progress"), got)
		}
	})
}

func TestProgressIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1)
		defer b.stop()
		pass(3 * time.Second)
		b.trackers[0].set(func(ctx context.Context, verb string) error {
			if verb == "progress" {
				return hang(ctx, verb)
			}
			return nil
		})
		for _, d := range digests(0, 2*maxNews) {
			b.Progress([]trackerapi.Ingest{{Digest: d}})
		}
		if n := len((*b.sessions.Load())[0].news.latest); n > maxNews {
			t.Errorf("%d ingests wait", n)
		}
	})
}

func TestHeartbeatsListAllIngests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := []trackerapi.Ingest{{Digest: digest.FromString("d"), Offset: 5, Size: 10}}
		r := newReference()
		_, stop := start(t, Config{
			Trackers:     []string{"t0:7070"},
			Ingests:      func() []trackerapi.Ingest { return in },
			roundTripper: &network{hosts: map[string]http.Handler{"t0:7070": r}},
		}, newStock())
		defer stop()
		pass(3 * time.Second)
		if got := r.listed; !slices.Equal(got, in) {
			t.Errorf("heartbeats list %+v", got)
		}
	})
}
