package fetcher

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Who holds the blob was said a moment ago: then that serves, and a tracker that says
// nothing is not waited for.
func TestAKnownHolderIsBetterThanALateAnswer(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{OriginWait: time.Second}, serve(t, "a", good(data)))
	w.wantBlob(d, data)
	if w.silence != time.Second/2 {
		t.Errorf("with nobody known, the trackers may be silent for %s", w.silence)
	}
	w.wantBlob(d, data)
	if w.silence != 0 || w.lookupCount() != 1 {
		t.Errorf("with a known holder, the trackers may be silent for %s; %d lookups", w.silence, w.lookupCount())
	}
}

// The question for somebody else than who has failed is in a hurry. If it finds no
// answer, there is time for one more that is not.
func TestAfterAQuestionInAHurryThereIsTimeForAnother(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{})
	w.Fetcher.avoided.note(d, candidate{Holder: holder("a", "")})
	parent := parents(serve(t, "a", good(data)))
	w.joinFn = func(_ context.Context, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
		if m.Hurry {
			return trackerapi.JoinResponse{}, errors.New("too late")
		}
		return parent, nil
	}
	w.wantBlob(d, data)
	if w.lookupCount() != 0 {
		t.Error("it fell back to a lookup")
	}
}
