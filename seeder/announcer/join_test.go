package announcer

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// halfASecond of silence is what a fetch of the default configuration bears.
const halfASecond = 500 * time.Millisecond

// newJoinBed has trackers that answer joins as told, by tracker.
func newJoinBed(t *testing.T, trackers int, answer func(n int, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error)) *bed {
	b := newLookupBed(t, trackers)
	for i, r := range b.trackers {
		r.mu.Lock()
		r.join = func(m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) { return answer(i, m) }
		r.mu.Unlock()
	}
	return b
}

func TestAJoinFirstAsksForAnAnswerAtOnceAndThenWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var asked []trackerapi.JoinRequest
		b := newJoinBed(t, 1, func(_ int, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
			mu.Lock()
			defer mu.Unlock()
			if asked = append(asked, m); m.WaitMS == 0 {
				return trackerapi.JoinResponse{}, nil
			}
			return trackerapi.JoinResponse{Handout: named("parent")}, nil
		})
		defer b.stop()
		r, err := b.Join(t.Context(), trackerapi.JoinRequest{Digest: digests(0, 1)[0], Offset: 7, WaitMS: 1000}, halfASecond)
		if err != nil || len(r.Handout) != 1 || len(asked) != 2 {
			t.Fatalf("%+v, %v after %d questions", r, err, len(asked))
		}
		if asked[0].Hurry || asked[1].WaitMS < 900 || asked[1].Offset != 7 || asked[1].Node != self.Name || asked[1].Epoch != self.Epoch {
			t.Errorf("asked %+v", asked)
		}
	})
}

func TestAJoinWithoutAWaitIsInAHurry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hurry := false
		b := newJoinBed(t, 1, func(_ int, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
			hurry = m.Hurry
			return trackerapi.JoinResponse{}, nil
		})
		defer b.stop()
		if _, err := b.Join(t.Context(), trackerapi.JoinRequest{Digest: digests(0, 1)[0]}, halfASecond); err != nil || !hurry {
			t.Errorf("%v, hurry %v", err, hurry)
		}
	})
}

func TestAWaitGoesOnAtTheNextTracker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := digests(0, 1)[0]
		b := newJoinBed(t, 2, nil)
		defer b.stop()
		own := ranked(*b.Announcer.trackers.Load(), string(d))[0].base
		for i, r := range b.trackers {
			gone := false // the digest's own tracker dies while it is waited at
			r.join = func(m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
				switch {
				case "http://t"+string(rune('0'+i))+":7070" != own:
					return trackerapi.JoinResponse{Lease: true}, nil
				case m.WaitMS == 0 && !gone:
					return trackerapi.JoinResponse{}, nil
				}
				gone = true
				return trackerapi.JoinResponse{}, trackerapi.Errorf(trackerapi.CodeUnavailable, "gone")
			}
		}
		r, err := b.Join(t.Context(), trackerapi.JoinRequest{Digest: d, WaitMS: 1000}, halfASecond)
		if err != nil || !r.Lease {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func TestAnUnsoundAnswerToAJoinIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newJoinBed(t, 1, func(int, trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
			return trackerapi.JoinResponse{Handout: trackerapi.Handout{{Node: "x", Addr: "nowhere"}}}, nil
		})
		defer b.stop()
		if _, err := b.Join(t.Context(), trackerapi.JoinRequest{Digest: digests(0, 1)[0]}, halfASecond); !errors.Is(err, ErrNoTracker) {
			t.Errorf("got %v", err)
		}
	})
}
