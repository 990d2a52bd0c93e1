package announcer

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// A tracker that passes heartbeats, and may answer lookups, but no join: it costs the
// silence twice, and not again until it has answered one.
func TestASilentTrackerCostsTheSilenceAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newJoinBed(t, 1, nil)
		defer b.stop()
		b.net.set("t0:7070", onVerb(b.trackers[0], "join", never))
		for i := range 10 {
			_, took, err := joinFor(t, b.Announcer, digests(0, 1)[0])
			if !errors.Is(err, ErrNoTracker) {
				t.Fatal(err)
			}
			if i < tolerated {
				wantTook(t, "a join", took, halfASecond)
			} else if took > 50*time.Millisecond {
				t.Errorf("join %d took %s", i, took)
			}
			_, _ = b.Lookup(t.Context(), digests(0, 1))
		}
	})
}

// The two have opened its breaker as well; the next one is not asked in the first
// cool-down.
func TestASilentTrackerIsLeftAloneInItsCooldown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newJoinBed(t, 1, nil)
		defer b.stop()
		b.net.set("t0:7070", onVerb(b.trackers[0], "join", never))
		for range tolerated {
			_, _, _ = joinFor(t, b.Announcer, digests(0, 1)[0])
		}
		if _, took, err := joinFor(t, b.Announcer, digests(0, 1)[0]); !errors.Is(err, ErrNoTracker) || took != 0 {
			t.Errorf("%v after %s", err, took)
		}
	})
}

func TestATrackerThatAnswersAJoinAgainMayBeLateAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := digests(0, 1)[0]
		b, hosts, trackers := selfNaming(t, 1, d)
		defer b.stop()
		b.net.set(hosts[0], onVerb(trackers[0], "join", never))
		for range tolerated {
			_, _, _ = joinFor(t, b.Announcer, d)
		}
		pass(2 * time.Second)
		b.net.set(hosts[0], trackers[0])
		if by, _, err := joinFor(t, b.Announcer, d); by != "1" {
			t.Fatal(err)
		}
		b.net.set(hosts[0], after(300*time.Millisecond, trackers[0]))
		if by, took, err := joinFor(t, b.Announcer, d); by != "1" {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// Joins that bear no silence say nothing about late answers.
func TestJoinsInAHurryDoNotEndTheWaitOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := digests(0, 1)[0]
		b, hosts, trackers := selfNaming(t, 1, d)
		defer b.stop()
		b.net.set(hosts[0], after(300*time.Millisecond, trackers[0]))
		for range tolerated {
			if _, err := b.Join(t.Context(), trackerapi.JoinRequest{Digest: d, Hurry: true}, halfASecond); err == nil {
				t.Fatal("it was answered")
			}
			pass(time.Millisecond)
		}
		if by, took, err := joinFor(t, b.Announcer, d); by != "1" {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// A frozen tracker is waited for until its heartbeat is missed.
func TestATrackerThatIsNotInTouchIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newJoinBed(t, 1, nil)
		defer b.stop()
		b.net.set("t0:7070", http.HandlerFunc(never))
		before := b.breakerOf("t0:7070")
		pass(3 * time.Second)
		if _, took, err := joinFor(t, b.Announcer, digests(0, 1)[0]); !before.beats || !errors.Is(err, ErrNoTracker) || took != 0 {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// Its heartbeat is missed in the middle of the wait, which is over then.
func TestAWaitEndsWhenTheTrackerIsOutOfTouch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newJoinBed(t, 1, nil)
		defer b.stop()
		b.net.set("t0:7070", onVerb(b.trackers[0], "join", never))
		time.AfterFunc(120*time.Millisecond, func() {
			b.net.set("t0:7070", http.HandlerFunc(never)) // or a heartbeat might pass
			for _, s := range *b.Announcer.sessions.Load() {
				s.tracker.heartbeat(false)
			}
		})
		_, took, err := joinFor(t, b.Announcer, digests(0, 1)[0])
		if !errors.Is(err, ErrNoTracker) {
			t.Error(err)
		}
		wantTook(t, "it", took, 150*time.Millisecond)
	})
}

// Lookups have opened the breaker of the only tracker for a moment, as they do when
// this machine stands still. A join is answered all the same.
func TestAJoinIsAskedWhileTheFirstCooldownLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, hosts, trackers := selfNaming(t, 1, digests(0, 1)[0])
		defer b.stop()
		b.net.set(hosts[0], onLookup(trackers[0], never))
		for range tolerated {
			_, _ = b.Lookup(t.Context(), digests(0, 1))
		}
		if b.breakerOf(hosts[0]).closed {
			t.Fatal("the breaker is not open")
		}
		hurried := trackerapi.JoinRequest{Digest: digests(0, 1)[0], Hurry: true}
		if _, err := b.Join(t.Context(), hurried, halfASecond); !errors.Is(err, ErrNoTracker) {
			t.Errorf("one in a hurry: %v", err)
		}
		if by, took, err := joinFor(t, b.Announcer, digests(0, 1)[0]); by != "1" || err != nil || took != 0 {
			t.Errorf("%q, %v after %s", by, err, took)
		}
	})
}
