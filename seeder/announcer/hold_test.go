package announcer

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// takes makes the tracker take whole inventories, or not.
func (r *reference) takes(taking bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hold = !taking
}

func TestATrackerThatHoldsIsSentNothingUntilItAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stock := newReference(), newStock(digests(0, 5)...)
		r.takes(false)
		_, stop := start(t, Config{
			Trackers:     []string{"t0:7070"},
			roundTripper: &network{hosts: map[string]http.Handler{"t0:7070": r}},
		}, stock)
		defer stop()
		pass(5 * time.Second)
		stock.add(digests(5, 6)...)
		pass(5 * time.Second)
		if n := r.told("announce"); n != 0 || r.told("heartbeat") < 9 {
			t.Fatalf("told: %v", r.journal)
		}
		r.takes(true)
		pass(1200 * time.Millisecond)
		wantHolds(t, r, digests(0, 6))
		stock.add(digests(6, 7)...)
		pass(200 * time.Millisecond)
		wantHolds(t, r, digests(0, 7))
		if n := r.told("announce"); n != 2 {
			t.Errorf("%d announcements; want a whole one and a change", n)
		}
	})
}

func TestAChangeThatFindsTheTrackerLostWaitsToBeAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, digests(0, 5)...)
		defer b.stop()
		pass(5*time.Second + 20*time.Millisecond)
		r := b.trackers[0]
		r.takes(false)
		r.mu.Lock()
		r.known = false
		clear(r.digests)
		r.mu.Unlock()
		b.stock.add(digests(5, 6)...)
		pass(5 * time.Second)
		b.stock.add(digests(6, 7)...)
		pass(time.Second)
		if n := r.told("announce"); n != 2 {
			t.Fatalf("%d announcements; want a whole one and a change that was not taken", n)
		}
		r.takes(true)
		pass(1200 * time.Millisecond)
		wantHolds(t, r, digests(0, 7))
	})
}

func TestATrackerThatHasItAfterAllEndsTheHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, digests(0, 5)...)
		defer b.stop()
		r := b.trackers[0]
		r.takes(false)
		pass(5 * time.Second)
		r.mu.Lock()
		r.known, r.seq, r.hash = true, 0, 0 // as it says it was sent
		r.mu.Unlock()
		pass(1200 * time.Millisecond)
		wantHolds(t, r, digests(0, 5))
	})
}

func TestANodeThatWalksIsAskedOnceItKnowsWhatItHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ready := make(chan struct{})
		r, inv := newReference(), newStock()
		_, stop := start(t, Config{
			Trackers: []string{"t0:7070"}, Ready: ready,
			roundTripper: &network{hosts: map[string]http.Handler{"t0:7070": r}},
		}, inv)
		defer stop()
		pass(3*time.Second + 300*time.Millisecond)
		if !r.walking {
			t.Fatal("it does not say that it walks")
		}
		inv.add(digests(0, 3)...)
		close(ready)
		pass(50 * time.Millisecond) // not only with the next heartbeat
		wantHolds(t, r, digests(0, 3))
		if r.walking {
			t.Error("it still says that it walks")
		}
	})
}

// What could not be announced meanwhile has been tried again and again by then,
// with longer and longer pauses.
func TestATrackerThatReturnsIsToldTheNewsWithinAboutASecond(t *testing.T) {
	for name, remembers := range map[string]bool{"and remembers": true, "and knows nothing": false} {
		t.Run(name, func(t *testing.T) {
			for away := 8 * time.Second; away < 9*time.Second; away += 70 * time.Millisecond {
				synctest.Test(t, func(t *testing.T) {
					b := newBed(t, 1, digests(0, 5)...)
					defer b.stop()
					pass(5 * time.Second)
					b.net.set("t0:7070", nil)
					b.stock.add(digests(5, 6)...)
					pass(away)
					if !remembers {
						b.trackers[0].forget()
					}
					b.net.set("t0:7070", b.trackers[0])
					pass(1300 * time.Millisecond) // an interval, and to register
					wantHolds(t, b.trackers[0], digests(0, 6))
				})
			}
		})
	}
}

func TestATrackerThatWasNeverThereIsFoundWithinAboutASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, digests(0, 5)...)
		defer b.stop()
		b.net.set("t0:7070", nil)
		b.trackers[0].forget()
		pass(20 * time.Second)
		b.net.set("t0:7070", b.trackers[0])
		pass(1400 * time.Millisecond) // the longest pause
		wantHolds(t, b.trackers[0], digests(0, 5))
	})
}
