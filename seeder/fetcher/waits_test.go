package fetcher

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// A partial parent is silent for longer than a stall, and lives. Its child stays:
// whoever could take its place waits for the same.
func TestAParentThatWaitsForItsOwnSourceIsKept(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{OriginWait: time.Second, PartialStallLimit: 100 * time.Millisecond, SilentAfter: long})
	goesOn := make(chan struct{})
	first := partial(serve(t, "a", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Length", strconv.Itoa(len(data)))
		_, _ = rw.Write(data[:1<<20])
		_ = http.NewResponseController(rw).Flush()
		after(goesOn, func(http.ResponseWriter, *http.Request) { _, _ = rw.Write(data[1<<20:]) })(rw, r)
	}))
	other := partial(serve(t, "b", silentUntil(t))) // for the same reason
	w.joinFn = func(_ context.Context, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
		if m.Offset == 1<<20 { // it has asked whether there is something better
			close(goesOn)
		}
		return parents(first, other), nil
	}
	if sources := w.wantBlob(d, data); nodes(sources) != "a" {
		t.Errorf("from %v", sources)
	}
	w.wantReports("")
}

// The tracker knows a better one: it is tried, and stays if it has more.
func TestAParentThatStandsStillIsLeftForABetterOne(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{OriginWait: time.Second, PartialStallLimit: 100 * time.Millisecond, SilentAfter: long})
	first := partial(serve(t, "a", stopping(data, 1<<20, silentUntil(t))))
	better := partial(serve(t, "b", good(data)))
	w.joinFn = answering(parents(first), parents(better, first))
	if sources := w.wantBlob(d, data); nodes(sources) != "a b" {
		t.Errorf("from %v", sources)
	}
}

// One that does not even say that it lives is left at once, with no tracker asked
// before.
func TestASilentParentThatDoesNotAnswerIsLeft(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{OriginWait: time.Second, SilentAfter: long})
	stands := stopping(data, 1<<20, silentUntil(t))
	gone := partial(serve(t, "a", func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			<-r.Context().Done()
			return
		}
		stands(rw, r)
	}))
	other := partial(serve(t, "b", good(data)))
	w.joinFn = answering(parents(gone, other))
	if sources := w.wantBlob(d, data); nodes(sources) != "a b" {
		t.Errorf("from %v", sources)
	}
}
