package fetcher

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// containerd asks again for the rest of a body that has ended short: whoever has
// failed it is not asked again.
func TestTheNextBodyAvoidsWhoHasFailedTheLast(t *testing.T) {
	data, d := blob(largeSize)
	a := partial(serve(t, "a", stopping(data, 1<<20, hangUp(false))))
	w := newWorld(t, Config{})
	w.joinFn = answering(parents(a), trackerapi.JoinResponse{})
	if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); err == nil {
		t.Fatal("it has not failed")
	}
	w.joinFn = answering(parents(serve(t, "b", good(data))))
	if _, sources, err := w.read(Request{Digest: d, Offset: 1 << 20, Length: ToEnd}); err != nil || nodes(sources) != "b" {
		t.Fatalf("%v from %v", err, sources)
	}
	asked := w.joined()
	if last := asked[len(asked)-1]; !slices.Equal(last.Avoid, []string{"a"}) || last.Offset != 1<<20 {
		t.Errorf("asked %+v", last)
	}
}

// Whoever has only the beginning, and stands still, may wait for a slow registry:
// if all who wait behind it went there too, it would be slower still.
func TestAStandstillIsNotAvoided(t *testing.T) {
	data, d := blob(largeSize)
	a := partial(serve(t, "a", stopping(data, 1<<20, silentUntil(t))))
	w := newWorld(t, Config{PartialStallLimit: 100 * time.Millisecond})
	w.joinFn = answering(parents(a), trackerapi.JoinResponse{})
	if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrBroken) {
		t.Fatalf("got %v", err)
	}
	if got := w.Fetcher.avoided.nodes(d, false); got != nil {
		t.Errorf("%v are avoided", got)
	}
}

// One that has all of it, and has failed, is still better than nobody.
func TestAWholeHolderThatHasFailedIsBetterThanNobody(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{})
	w.Fetcher.avoided.note(d, candidate{Holder: holder("a", "")})
	w.Fetcher.avoided.note(d, candidate{Holder: partial(holder("p", ""))})
	w.joinFn = answering(trackerapi.JoinResponse{Free: true}, parents(serve(t, "a", good(data))))
	w.wantBlob(d, data)
	asked := w.joined()
	if first := asked[0]; !slices.Equal(first.Avoid, []string{"a", "p"}) || !first.Hurry || first.WaitMS != 0 {
		t.Errorf("first asked %+v", first)
	}
	if then := asked[1]; !slices.Equal(then.Avoid, []string{"p"}) {
		t.Errorf("then asked %+v", then)
	}
}

func TestWhoHasFailedIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a avoided
		d := digest.FromString("blob")
		a.note(d, candidate{Holder: holder("a", "")})
		a.note(d, candidate{Holder: holder("a", "")})
		if got := a.nodes(d, false); !slices.Equal(got, []string{"a"}) || a.nodes(digest.FromString("other"), false) != nil {
			t.Errorf("right after: %v", got)
		}
		pass(avoidMemory)
		if got := a.nodes(d, false); got != nil {
			t.Errorf("later: %v", got)
		}
	})
}

func TestWhoHasFailedIsBounded(t *testing.T) {
	var a avoided
	for i := range maxAvoided + 10 {
		for j := range maxAvoid + 3 {
			a.note(digest.FromString(fmt.Sprint(i)), candidate{Holder: holder(fmt.Sprint(j), "")})
		}
	}
	if n := len(a.nodes(digest.FromString(fmt.Sprint(maxAvoided+9)), false)); len(a.by) > maxAvoided || n != maxAvoid {
		t.Errorf("%d digests, %d nodes", len(a.by), n)
	}
}
