package announcer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/drayproject/dray/shared/trackerapi"
)

// bed is one announcer and trackers t0, t1, … in a synctest bubble.
type bed struct {
	*Announcer
	net      *network
	trackers []*reference
	stock    *stock
	stop     func()
}

func newBed(t *testing.T, trackers int, have ...digest.Digest) *bed {
	t.Helper()
	b := &bed{net: &network{hosts: map[string]http.Handler{}}, stock: newStock(have...)}
	cfg := Config{roundTripper: b.net}
	for i := range trackers {
		r := newReference()
		b.trackers = append(b.trackers, r)
		b.net.set(fmt.Sprintf("t%d:7070", i), r)
		cfg.Trackers = append(cfg.Trackers, fmt.Sprintf("t%d:7070", i))
	}
	b.Announcer, b.stop = start(t, cfg, b.stock)
	return b
}

// pass lets time go by in a bubble, and everything happen that is due.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func wantHolds(t *testing.T, r *reference, want []digest.Digest) {
	t.Helper()
	if got := r.holds(); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("the tracker knows %d digests; want %d", len(got), len(want))
	}
}

func TestASessionRegistersAnnouncesAndLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 3, digests(0, 10)...)
		pass(10 * time.Second)
		b.stop()
		for _, r := range b.trackers {
			wantHolds(t, r, digests(0, 10))
			if r.told("register") != 1 || r.told("announce") != 1 || r.told("leave") != 1 {
				t.Errorf("told: %v", r.journal)
			}
			if n := r.told("heartbeat"); n < 10 || n > 12 {
				t.Errorf("%d heartbeats in 10 s", n)
			}
		}
	})
}

func TestChangesGoOutTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, digests(0, 3)...)
		defer b.stop()
		pass(5 * time.Second)
		for i := range 9 {
			b.stock.add(digests(10+i, 11+i)...)
			pass(10 * time.Millisecond)
		}
		pass(10 * time.Millisecond) // 100 ms after the first
		wantHolds(t, b.trackers[0], append(digests(0, 3), digests(10, 19)...))
		if n := b.trackers[0].told("announce"); n != 2 {
			t.Errorf("%d announcements; want a whole one and one of changes", n)
		}
	})
}

func TestNothingIsAnnouncedBeforeTheInventoryIsReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ready := make(chan struct{})
		r := newReference()
		inv := newStock()
		_, stop := start(t, Config{
			Trackers: []string{"t0:7070"}, Ready: ready,
			roundTripper: &network{hosts: map[string]http.Handler{"t0:7070": r}},
		}, inv)
		defer stop()
		pass(3 * time.Second)
		if r.told("announce") != 0 || r.told("heartbeat") == 0 {
			t.Errorf("told: %v", r.journal)
		}
		inv.add(digests(0, 3)...)
		close(ready)
		synctest.Wait()
		wantHolds(t, r, digests(0, 3))
	})
}

func TestAHeartbeatThatFindsADifferenceBringsTheWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, digests(0, 5)...)
		defer b.stop()
		pass(5 * time.Second)
		r := b.trackers[0]
		r.mu.Lock()
		delete(r.digests, digests(0, 1)[0])
		r.hash ^= 1
		r.mu.Unlock()
		pass(1200 * time.Millisecond)
		wantHolds(t, r, digests(0, 5))
		if r.told("announce") != 2 {
			t.Errorf("told: %v", r.journal)
		}
	})
}

func TestALostChangeBringsTheWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, digests(0, 5)...)
		defer b.stop()
		pass(5 * time.Second)
		b.trackers[0].mu.Lock()
		b.trackers[0].seq = 77
		b.trackers[0].mu.Unlock()
		b.stock.add(digests(5, 6)...)
		pass(150 * time.Millisecond)
		wantHolds(t, b.trackers[0], digests(0, 6))
	})
}

func TestAnInventoryThatHasForgottenTheChangesIsSentWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, digests(0, 5)...)
		defer b.stop()
		pass(5 * time.Second)
		b.stock.mu.Lock()
		b.stock.oldest = 1000
		b.stock.mu.Unlock()
		b.stock.add(digests(5, 6)...)
		pass(150 * time.Millisecond)
		wantHolds(t, b.trackers[0], digests(0, 6))
	})
}

func TestATrackerThatRestartsIsToldEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, digests(0, 5)...)
		defer b.stop()
		pass(5 * time.Second)
		b.trackers[0].forget()
		pass(1500 * time.Millisecond)
		wantHolds(t, b.trackers[0], digests(0, 5))
		if n := b.trackers[0].told("register"); n != 2 {
			t.Errorf("registered %d times", n)
		}
	})
}

func TestATrackerThatIsAwayIsFoundAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, digests(0, 5)...)
		defer b.stop()
		pass(5 * time.Second)
		b.net.set("t0:7070", nil)
		pass(time.Minute)
		if b.Sessions() != 0 {
			t.Error("the session is up")
		}
		b.stock.add(digests(5, 6)...)
		pass(time.Minute)
		b.net.set("t0:7070", b.trackers[0])
		pass(maxRetry + time.Second)
		if b.Sessions() != 1 {
			t.Error("the session is down")
		}
		wantHolds(t, b.trackers[0], digests(0, 6))
	})
}

func TestAHeartbeatDoesNotWaitForABigAnnouncement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, digests(0, 5)...)
		defer b.stop()
		b.trackers[0].set(func(ctx context.Context, verb string) error {
			if verb == "announce" {
				pause(ctx, 10*time.Second)
			}
			return ctx.Err()
		})
		pass(9500 * time.Millisecond)
		if n := b.trackers[0].told("heartbeat"); n < 8 {
			t.Errorf("%d heartbeats in 9.5 s", n)
		}
		pass(5 * time.Second)
		wantHolds(t, b.trackers[0], digests(0, 5))
		// What the heartbeats said meanwhile did not match, for good reason.
		if n := b.trackers[0].told("announce"); n != 1 {
			t.Errorf("announced %d times", n)
		}
	})
}

func TestASetThatIsTooLargeForOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := digests(0, 2*partDigests+1)
		b := newBed(t, 1, all...)
		defer b.stop()
		pass(5 * time.Second)
		wantHolds(t, b.trackers[0], all)
		if n := b.trackers[0].told("announce"); n != 3 {
			t.Errorf("%d messages", n)
		}
	})
}

func TestAnUnhappyTrackerIsSentTheWholeOncePerSecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, digests(0, 5)...)
		defer b.stop()
		b.stock.mu.Lock()
		b.stock.snap.Hash ^= 1 // can never match
		b.stock.mu.Unlock()
		b.stock.add(digests(5, 6)...)
		pass(10 * time.Second)
		// One change, and a whole set in each second, the first and the last
		// moment included.
		if n := b.trackers[0].told("announce"); n < 8 || n > 12 {
			t.Errorf("%d announcements in 10 s", n)
		}
	})
}

func TestCopiesInDoubtAreVerified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1, digests(0, 5)...)
		b.trackers[0].mu.Lock()
		b.trackers[0].verify = append(digests(2, 4), "not a digest")
		b.trackers[0].mu.Unlock()
		pass(3 * time.Second)
		b.stop()
		if !slices.Equal(b.stock.verified, digests(2, 4)) {
			t.Errorf("verified %v", b.stock.verified)
		}
	})
}

func TestAStaleEpochIsLoggedOnceAndTriedSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReference()
		r.epoch = self.Epoch + 1
		var log bytes.Buffer
		a := New(Config{
			Node: self, Trackers: []string{"t0:7070"},
			roundTripper: &network{hosts: map[string]http.Handler{"t0:7070": r}},
		}, newStock(), slog.New(slog.NewTextHandler(&log, nil)), prometheus.NewRegistry())
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		_ = a.Run(ctx)
		if n := r.told("register"); n < 9 || n > 12 {
			t.Errorf("tried %d times in 5 minutes", n)
		}
		if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
			t.Errorf("%d errors in the log:\n%s", n, &log)
		}
	})
}

func TestLeaveIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 2, digests(0, 5)...)
		pass(5 * time.Second)
		for _, r := range b.trackers {
			r.set(hang)
		}
		began := time.Now()
		b.stop()
		if took := time.Since(began); took > leaveTimeout {
			t.Errorf("it took %s", took)
		}
	})
}

func hang(ctx context.Context, _ string) error { <-ctx.Done(); return ctx.Err() }

func TestReportsReachAllTrackersSoonAndTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 2)
		defer b.stop()
		pass(3 * time.Second)
		for i := range 10 {
			b.Report(trackerapi.Report{Peer: "p", Kind: trackerapi.KindRefused, Offset: int64(i)})
			synctest.Wait() // the first goes out alone, at once
		}
		pass(reportPause + time.Nanosecond)
		for _, r := range b.trackers {
			if len(r.reports) != 10 || r.told("report") != 2 {
				t.Errorf("%d reports in %d messages", len(r.reports), r.told("report"))
			}
		}
	})
}

func TestReportsAreBoundedAndTheLatestCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1)
		defer b.stop()
		pass(3 * time.Second)
		var once sync.Once
		b.trackers[0].set(func(ctx context.Context, verb string) error {
			if verb == "report" {
				once.Do(func() { pause(ctx, 500*time.Millisecond) })
			}
			return nil
		})
		b.Report(trackerapi.Report{Offset: -1})
		synctest.Wait()
		for i := range maxQueued + 5 {
			b.Report(trackerapi.Report{Offset: int64(i)})
		}
		pass(time.Second)
		got := b.trackers[0].reports
		if len(got) != maxQueued+1 || got[1].Offset != 5 || got[maxQueued].Offset != maxQueued+4 {
			t.Errorf("%d reports, from %d to %d", len(got), got[1].Offset, got[len(got)-1].Offset)
		}
		if n := testutil.ToFloat64(b.metrics.reportsDropped); n != 5 {
			t.Errorf("%v are counted as dropped", n)
		}
	})
}

func TestATrackerThatIsDownIsToldNoOldStories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1)
		defer b.stop()
		pass(3 * time.Second)
		b.net.set("t0:7070", nil)
		pass(3 * time.Second)
		b.Report(trackerapi.Report{Peer: "p"})
		b.net.set("t0:7070", b.trackers[0])
		pass(10 * time.Second)
		if n := b.trackers[0].told("report"); n != 0 {
			t.Errorf("%d reports", n)
		}
	})
}

func TestSessionsFollowTheName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := &network{hosts: map[string]http.Handler{}}
		refs := []*reference{newReference(), newReference(), newReference()}
		for i, r := range refs {
			net.set(fmt.Sprintf("10.0.0.%d:7070", i), r)
		}
		var mu sync.Mutex
		var addrs []string
		var fail error
		a, stop := start(t, Config{
			Trackers: []string{"dns:trackers:7070"}, roundTripper: net,
			ResolveHost: func(_ context.Context, name string) ([]string, error) {
				mu.Lock()
				defer mu.Unlock()
				if name != "trackers" {
					t.Errorf("resolved %q", name)
				}
				return addrs, fail
			},
		}, newStock(digests(0, 3)...))
		point := func(err error, to ...string) {
			mu.Lock()
			addrs, fail = to, err
			mu.Unlock()
			pass(12 * time.Second)
		}
		point(nil)
		if a.Sessions() != 0 {
			t.Error("sessions with nobody")
		}
		point(nil, "10.0.0.0", "10.0.0.1")
		if a.Sessions() != 2 {
			t.Errorf("%d sessions; want 2", a.Sessions())
		}
		point(errors.New("DNS is away"))
		if a.Sessions() != 2 {
			t.Errorf("%d sessions while the DNS is away; want 2", a.Sessions())
		}
		point(nil, "10.0.0.1", "10.0.0.2")
		if a.Sessions() != 2 || refs[0].told("leave") != 0 {
			t.Errorf("%d sessions; the first was told %v", a.Sessions(), refs[0].journal)
		}
		stop()
		if refs[1].told("register") != 1 || refs[1].told("leave") != 1 || refs[2].told("leave") != 1 {
			t.Error("the session that stays was disturbed, or not told goodbye")
		}
	})
}
