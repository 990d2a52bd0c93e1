package announcer

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// joinFor asks for a digest with a second to wait and half of it for silence. It
// tells which tracker has named itself, and how long that took.
func joinFor(t *testing.T, a *Announcer, d digest.Digest) (by string, took time.Duration, err error) {
	t.Helper()
	began := time.Now()
	r, err := a.Join(t.Context(), trackerapi.JoinRequest{Digest: d, WaitMS: 1000}, halfASecond)
	if len(r.Handout) > 0 {
		by = r.Handout[0].Node
	}
	return by, time.Since(began), err
}

// inOrder are the hosts of a bed's trackers in the order in which they are asked
// about a digest, and the trackers.
func (b *bed) inOrder(d digest.Digest) (hosts []string, trackers []*reference) {
	for _, t := range ranked(*b.Announcer.trackers.Load(), string(d)) {
		host := t.base[len("http://"):]
		hosts, trackers = append(hosts, host), append(trackers, b.trackers[host[1]-'0'])
	}
	return hosts, trackers
}

// selfNaming are trackers whose answer to a join is their number in the order of d.
func selfNaming(t *testing.T, n int, d digest.Digest) (b *bed, hosts []string, trackers []*reference) {
	b = newJoinBed(t, n, nil)
	hosts, trackers = b.inOrder(d)
	for i, r := range trackers {
		r.mu.Lock()
		r.join = func(trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
			return trackerapi.JoinResponse{Handout: named(string(rune('1' + i)))}, nil
		}
		r.mu.Unlock()
	}
	return b, hosts, trackers
}

// after answers a join when d has passed.
func after(d time.Duration, r *reference) http.Handler {
	return onVerb(r, "join", func(w http.ResponseWriter, req *http.Request) {
		select {
		case <-time.After(d):
			r.ServeHTTP(w, req)
		case <-req.Context().Done():
		}
	})
}

func wantTook(t *testing.T, what string, took, want time.Duration) {
	t.Helper()
	if took < want || took > want+5*time.Millisecond {
		t.Errorf("%s took %s; want %s", what, took, want)
	}
}

func TestALateAnswerToAJoinIsUsedAndNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, hosts, trackers := selfNaming(t, 1, digests(0, 1)[0])
		defer b.stop()
		b.net.set(hosts[0], after(300*time.Millisecond, trackers[0]))
		for range 2 * tolerated {
			by, took, err := joinFor(t, b.Announcer, digests(0, 1)[0])
			if by != "1" || err != nil {
				t.Fatalf("%q, %v", by, err)
			}
			wantTook(t, "the answer", took, 300*time.Millisecond)
		}
		if b.breakerOf(hosts[0]).failures != 0 {
			t.Error("it counts as a failure")
		}
	})
}

func (b *bed) breakerOf(host string) breaker {
	for _, tr := range *b.Announcer.trackers.Load() {
		if tr.base == "http://"+host {
			tr.mu.Lock()
			defer tr.mu.Unlock()
			return tr.breaker
		}
	}
	return breaker{}
}

// What a late answer leaves of the wait is for the wait at the tracker, and no more.
func TestTheWaitAtATrackerIsShorterByItsSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newJoinBed(t, 1, nil)
		defer b.stop()
		b.net.set("t0:7070", onVerb(b.trackers[0], "join", func(w http.ResponseWriter, req *http.Request) {
			pause(req.Context(), 400*time.Millisecond)
			b.trackers[0].ServeHTTP(w, req)
		}))
		var asked []int64
		b.trackers[0].join = func(m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
			asked = append(asked, m.WaitMS)
			return trackerapi.JoinResponse{}, nil
		}
		_, took, err := joinFor(t, b.Announcer, digests(0, 1)[0])
		if err != nil || len(asked) != 2 || asked[1] < 500 || asked[1] >= 600 {
			t.Errorf("%v after questions with waits of %v ms", err, asked)
		}
		wantTook(t, "it", took, 800*time.Millisecond)
	})
}

func TestACallerOfAJoinThatGoesAwayIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newJoinBed(t, 1, nil)
		defer b.stop()
		b.net.set("t0:7070", onVerb(b.trackers[0], "join", never))
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			_, err := b.Join(ctx, trackerapi.JoinRequest{Digest: digests(0, 1)[0], WaitMS: 1000}, halfASecond)
			cancel()
			if err == nil {
				t.Fatal("no error")
			}
		}
		if f := b.breakerOf("t0:7070").failures; f != 0 {
			t.Errorf("%d failures", f)
		}
	})
}

// Who is in a hurry, or has no silence to spare, waits no longer than for a lookup.
func TestAJoinInAHurryBearsNoSilence(t *testing.T) {
	for name, c := range map[string]struct {
		m       trackerapi.JoinRequest
		silence time.Duration
	}{
		"hurry":      {trackerapi.JoinRequest{Hurry: true, WaitMS: 1000}, halfASecond},
		"no wait":    {trackerapi.JoinRequest{}, halfASecond},
		"no silence": {trackerapi.JoinRequest{WaitMS: 1000}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newJoinBed(t, 1, nil)
				defer b.stop()
				b.net.set("t0:7070", onVerb(b.trackers[0], "join", never))
				c.m.Digest = digests(0, 1)[0]
				began := time.Now()
				if _, err := b.Join(t.Context(), c.m, c.silence); !errors.Is(err, ErrNoTracker) {
					t.Error(err)
				}
				wantTook(t, "it", time.Since(began), 50*time.Millisecond)
			})
		})
	}
}
