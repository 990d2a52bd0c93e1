package fetcher

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestAFetchWaitsAgainWhileItIsWorthIt(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{OriginWait: time.Second})
	busy := trackerapi.JoinResponse{Busy: true}
	w.joinFn = answering(busy, busy, parents(serve(t, "a", good(data))))
	w.wantBlob(d, data)
	asked := w.joined()
	if len(asked) != 3 {
		t.Fatalf("asked %d times", len(asked))
	}
	for _, m := range asked {
		if !m.Patient || m.Hurry || m.WaitMS != 1000 {
			t.Errorf("asked %+v", m)
		}
	}
}

func TestATrackerThatFailsInTheMiddleEndsNoWait(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{OriginWait: time.Second})
	good, asked := parents(serve(t, "a", good(data))), 0
	w.joinFn = func(context.Context, trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
		asked++
		switch asked {
		case 1:
			return trackerapi.JoinResponse{Busy: true}, nil
		case 2:
			return trackerapi.JoinResponse{}, errors.New("not in time")
		}
		return good, nil
	}
	w.wantBlob(d, data)
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}

func TestAFetchDoesNotWaitForEver(t *testing.T) {
	_, d := blob(smallSize)
	w := newWorld(t, Config{OriginWait: 5 * time.Second})
	w.joinFn = answering(trackerapi.JoinResponse{Busy: true})
	if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
		t.Fatalf("got %v", err)
	}
	asked := w.joined()
	if len(asked) != 4 || asked[2].Patient != true || asked[3].Patient {
		t.Errorf("asked %+v", asked)
	}
}

func TestAllWaitsTogetherAreBounded(t *testing.T) {
	for wait, want := range map[time.Duration]time.Duration{
		0:                      0,
		100 * time.Millisecond: 2 * time.Second,
		time.Second:            20 * time.Second,
		3 * time.Second:        18 * time.Second,
		30 * time.Second:       30 * time.Second,
	} {
		if got := LongestWait(wait); got != want {
			t.Errorf("%s: %s, want %s", wait, got, want)
		}
	}
}
