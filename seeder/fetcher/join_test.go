package fetcher

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

type joinFunc = func(context.Context, trackerapi.JoinRequest) (trackerapi.JoinResponse, error)

// answering is a tracker whose joins end like this, one after the other; the last
// answer stays.
func answering(all ...trackerapi.JoinResponse) joinFunc {
	var n atomic.Int64
	return func(context.Context, trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
		return all[min(int(n.Add(1)), len(all))-1], nil
	}
}

func parents(h ...trackerapi.Holder) trackerapi.JoinResponse {
	return trackerapi.JoinResponse{Handout: h}
}

func partial(h trackerapi.Holder) trackerapi.Holder {
	h.Partial = true
	return h
}

func (w *world) joined() []trackerapi.JoinRequest {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.joins)
}

func TestALeaseAndFreedomLeadToTheOrigin(t *testing.T) {
	_, d := blob(largeSize)
	for name, c := range map[string]struct {
		answer trackerapi.JoinResponse
		lease  bool
	}{
		"lease":  {trackerapi.JoinResponse{Lease: true}, true},
		"free":   {trackerapi.JoinResponse{Free: true}, false},
		"waited": {trackerapi.JoinResponse{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Config{OriginWait: time.Second})
			w.joinFn = answering(c.answer)
			_, _, err := w.read(Request{Digest: d, Length: ToEnd})
			if !errors.Is(err, ErrNoSource) || errors.Is(err, ErrLease) != c.lease {
				t.Errorf("got %v", err)
			}
			if w.lookupCount() != 0 {
				t.Error("a tracker that has answered was asked again")
			}
			if m := w.joined()[0]; m.WaitMS != 1000 || m.Digest != d {
				t.Errorf("asked %+v", m)
			}
		})
	}
}

func TestAFetchFollowsItsJoinAndTellsItsParent(t *testing.T) {
	data, d := blob(largeSize)
	var from []string
	w := newWorld(t, Config{From: func(_ digest.Digest, node string) { from = append(from, node) }})
	w.joinFn = answering(parents(serve(t, "a", good(data))))
	w.wantBlob(d, data)
	if !slices.Equal(from, []string{"a"}) || w.lookupCount() != 0 {
		t.Errorf("parents %v, %d lookups", from, w.lookupCount())
	}
}

func TestALookTakesNoPlace(t *testing.T) {
	data, d := blob(smallSize)
	w := newWorld(t, Config{}, serve(t, "a", good(data)))
	w.joinFn = answering(trackerapi.JoinResponse{Lease: true})
	if _, _, err := w.read(Request{Digest: d, Length: 1, Look: true}); err != nil || len(w.joined()) != 0 {
		t.Errorf("%v after %d joins", err, len(w.joined()))
	}
}

func TestALookupServesWhereNoJoinIsAnswered(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{}, serve(t, "a", good(data)))
	w.wantBlob(d, data)
}

// A parent that was still getting the blob itself ends short: the body goes on
// at its offset with whom the tracker names next, and nobody is called dead.
func TestAPartialParentThatEndsShortIsReplaced(t *testing.T) {
	data, d := blob(largeSize)
	short := partial(serve(t, "short", stopping(data, 1<<20, hangUp(false))))
	next := partial(serve(t, "next", good(data)))
	w := newWorld(t, Config{OriginWait: time.Second})
	w.joinFn = answering(parents(short), parents(next))
	if got := nodes(w.wantBlob(d, data)); got != "short next" {
		t.Errorf("from %q", got)
	}
	again := w.joined()[1]
	if again.Offset < 1 || again.Offset > 1<<20 || !again.Hurry || again.WaitMS != 0 || !slices.Equal(again.Avoid, []string{"short"}) {
		t.Errorf("asked again with %+v", again)
	}
	w.wantReports("short miss")
}

// With nobody left the body ends, and what has come is right: containerd goes on
// elsewhere at the offset.
func TestABodyEndsWhereNobodyHasTheRest(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{OriginWait: time.Minute})
	w.joinFn = answering(parents(partial(serve(t, "a", stopping(data, 1<<20, hangUp(false))))), trackerapi.JoinResponse{Lease: true})
	got, _, err := w.read(Request{Digest: d, Length: ToEnd})
	if !errors.Is(err, ErrBroken) || len(got) == 0 || !bytes.Equal(got, data[:len(got)]) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// Each parent that has sent something earns one more question.
func TestManyParentsCanDieOneAfterTheOther(t *testing.T) {
	data, d := blob(largeSize)
	var answers []trackerapi.JoinResponse
	for _, name := range []string{"a", "b", "c", "d"} {
		answers = append(answers, parents(partial(serve(t, name, stopping(data, 256<<10, hangUp(false))))))
	}
	w := newWorld(t, Config{})
	w.joinFn = answering(append(answers, parents(serve(t, "e", good(data))))...)
	if got := nodes(w.wantBlob(d, data)); got != "a b c d e" {
		t.Errorf("from %q", got)
	}
}

func TestAManifestOfAPartialHolderIsAskedForAsABlob(t *testing.T) {
	data, d := blob(smallSize)
	var path string
	a := serve(t, "a", func(rw http.ResponseWriter, r *http.Request) {
		path = r.URL.Path
		good(data)(rw, r)
	})
	w := newWorld(t, Config{})
	w.joinFn = answering(parents(partial(a)))
	if _, err := w.Manifest(t.Context(), Request{Repository: "app", Digest: d, Length: ToEnd}); err != nil {
		t.Fatal(err)
	}
	if want := "/v2/app/blobs/" + d.String(); path != want {
		t.Errorf("asked for %s; want %s", path, want)
	}
}

// All who are named have sent wrong bytes before: the tracker is told to name
// others.
func TestUselessParentsAreAvoided(t *testing.T) {
	data, d := blob(largeSize)
	bad, right := serve(t, "bad", good(flipped(data, 5))), serve(t, "right", good(data))
	w := newWorld(t, Config{})
	w.joinFn = func(_ context.Context, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
		if slices.Contains(m.Avoid, "bad") {
			return parents(right), nil
		}
		return parents(bad), nil
	}
	if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrCorrupt) {
		t.Fatalf("got %v", err)
	}
	w.wantBlob(d, data)
}

func TestRequestsForTheSameBytesShareOneJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j joins
		var asked atomic.Int64
		answer := make(chan struct{})
		for range 5 {
			go func() {
				r, err := j.ask(t.Context(), joinKey{}, func(context.Context) (trackerapi.JoinResponse, error) {
					asked.Add(1)
					<-answer
					return trackerapi.JoinResponse{Lease: true}, nil
				})
				if err != nil || !r.Lease {
					t.Errorf("%+v, %v", r, err)
				}
			}()
		}
		synctest.Wait()
		close(answer)
		synctest.Wait()
		if asked.Load() != 1 {
			t.Errorf("%d joins", asked.Load())
		}
	})
}

// The one who asked leaves; another one asks in its place.
func TestWhoSharesAJoinDoesNotDependOnTheFirst(t *testing.T) {
	var j joins
	first, leave := context.WithCancel(t.Context())
	asked := make(chan struct{})
	go func() {
		_, _ = j.ask(first, joinKey{}, func(ctx context.Context) (trackerapi.JoinResponse, error) {
			close(asked)
			<-ctx.Done()
			return trackerapi.JoinResponse{}, ctx.Err()
		})
	}()
	<-asked
	time.AfterFunc(10*time.Millisecond, leave)
	r, err := j.ask(t.Context(), joinKey{}, func(context.Context) (trackerapi.JoinResponse, error) {
		return trackerapi.JoinResponse{Free: true}, nil
	})
	if err != nil || !r.Free {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestStallsOfPartialParentsGrowWithTheirDepth(t *testing.T) {
	at := func(partial bool, depth int) time.Duration {
		return candidate{Holder: trackerapi.Holder{Partial: partial, Depth: depth}}.minStall(30 * time.Millisecond)
	}
	if at(false, 0) != 30*time.Millisecond || at(true, 0) <= at(false, 0) || at(true, 1) <= at(true, 0) || at(true, 1000) > 150*time.Millisecond {
		t.Errorf("complete %s, partial %s, %s, %s", at(false, 0), at(true, 0), at(true, 1), at(true, 1000))
	}
}

// What a peer says of the size is closer to the truth than a manifest.
func TestAJoinSaysTheSizeAndTheRegistry(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{})
	w.joinFn = answering(parents(partial(serve(t, "a", stopping(data, 1<<20, hangUp(false))))), trackerapi.JoinResponse{Free: true})
	if _, _, err := w.read(Request{Digest: d, Length: ToEnd, Size: 99, Registry: "ghcr.io"}); !errors.Is(err, ErrBroken) {
		t.Fatalf("got %v", err)
	}
	first, again := w.joined()[0], w.joined()[1]
	if first.Size != 99 || first.Registry != "ghcr.io" || again.Size != largeSize || again.Registry != "ghcr.io" {
		t.Errorf("asked %+v, then %+v", first, again)
	}
}

// A small blob is handed on as it comes where it is still on its way: its end may
// be further off than a client's patience.
func TestASmallBlobOfAPartialParentIsNotWaitedFor(t *testing.T) {
	data, d := blob(smallSize)
	w := newWorld(t, Config{})
	w.joinFn = answering(parents(partial(serve(t, "a", stopping(data, 5000, silentUntil(t))))))
	s, err := w.Fetch(t.Context(), Request{Digest: d, Length: ToEnd})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := make([]byte, 5000)
	if _, err := io.ReadFull(s, got); err != nil || !bytes.Equal(got, data[:5000]) {
		t.Errorf("its beginning: %v", err)
	}
}
