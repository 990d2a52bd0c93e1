package fetcher

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// The wait is for the first time. Who comes back has been to the origin.
func TestWhoWasSentToTheOriginDoesNotWaitAgain(t *testing.T) {
	for name, sent := range map[string]trackerapi.JoinResponse{
		"free": {Free: true}, "lease": {Lease: true}, "in vain": {},
	} {
		t.Run(name, func(t *testing.T) {
			_, d := blob(largeSize)
			_, other := blob(smallSize)
			w := newWorld(t, Config{OriginWait: time.Second})
			w.joinFn = answering(sent)
			for _, r := range []Request{{Digest: d, Length: ToEnd}, {Digest: d, Offset: 100, Length: ToEnd}, {Digest: other, Length: ToEnd}} {
				if _, _, err := w.read(r); !errors.Is(err, ErrNoSource) {
					t.Fatalf("got %v", err)
				}
			}
			asked := w.joined()
			if first := asked[0]; first.Hurry || first.WaitMS != 1000 {
				t.Errorf("first asked %+v", first)
			}
			if again := asked[1]; !again.Hurry || again.WaitMS != 0 || again.Offset != 100 {
				t.Errorf("then asked %+v", again)
			}
			if another := asked[2]; another.Hurry || another.WaitMS != 1000 {
				t.Errorf("for another digest asked %+v", another)
			}
		})
	}
}

func TestDismissalsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l dismissals
		d := digest.FromString("blob")
		l.note(d)
		if !l.lately(d) || l.lately(digest.FromString("other")) {
			t.Error("right after")
		}
		pass(dismissalMemory)
		if l.lately(d) {
			t.Error("it is not forgotten")
		}
	})
}

func TestDismissalsAreBounded(t *testing.T) {
	var l dismissals
	for i := range maxDismissals + 10 {
		l.note(digest.FromBytes([]byte{byte(i), byte(i >> 8)}))
	}
	if len(l.at) > maxDismissals {
		t.Errorf("%d are kept", len(l.at))
	}
}

// A partial parent stands still, and nobody else can be asked: the body ends
// long before it would with a whole one.
func TestAStandstillOfAPartialParentIsShort(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{PartialStallLimit: 100 * time.Millisecond})
	only := partial(serve(t, "a", stopping(data, 1<<20, silentUntil(t))))
	w.joinFn = answering(parents(only), trackerapi.JoinResponse{Lease: true})
	began := time.Now()
	got, _, err := w.read(Request{Digest: d, Length: ToEnd})
	if !errors.Is(err, ErrBroken) || len(got) != 1<<20 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if took := time.Since(began); took > w.cfg.StallLimit/2 {
		t.Errorf("it took %s", took)
	}
}

// Others are named, and stand still as well: what they wait for is the same. All
// of them together have no more time than one. It is nobody's fault.
func TestAStandstillOfAWholeSwarmIsShort(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{PartialStallLimit: 100 * time.Millisecond, SilentAfter: long})
	first := partial(serve(t, "a", stopping(data, 1<<20, silentUntil(t))))
	more := partial(serve(t, "b", silentUntil(t)))
	w.joinFn = answering(parents(first), parents(more))
	if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrBroken) {
		t.Fatalf("got %v", err)
	}
	w.wg.Wait() // they have been asked whether they live
	w.wantReports("")
}

// A partial parent that is silent and does not answer either is gone.
func TestAPartialParentThatAnswersNothingIsReported(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{PartialStallLimit: 100 * time.Millisecond})
	stands := stopping(data, 1<<20, silentUntil(t))
	only := partial(serve(t, "a", func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			<-r.Context().Done()
			return
		}
		stands(rw, r)
	}))
	w.joinFn = answering(parents(only), trackerapi.JoinResponse{Lease: true})
	if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrBroken) {
		t.Fatalf("got %v", err)
	}
	<-w.accused
	w.wantReports("a stall")
}
