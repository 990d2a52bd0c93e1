package announcer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

func named(node string) trackerapi.Handout {
	return trackerapi.Handout{{Node: node, Epoch: 1, Addr: "10.0.0.9:5002"}}
}

// newLookupBed has trackers that hand out a holder with their own name.
func newLookupBed(t *testing.T, trackers int) *bed {
	b := newBed(t, trackers)
	for i, r := range b.trackers {
		r.mu.Lock()
		r.handout = named(fmt.Sprintf("http://t%d:7070", i))
		r.mu.Unlock()
	}
	pass(3 * time.Second)
	return b
}

func TestADigestIsAskedOfItsOwnTracker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLookupBed(t, 3)
		defer b.stop()
		ds := digests(0, 300)
		got, err := b.Lookup(t.Context(), ds)
		if err != nil {
			t.Fatal(err)
		}
		for i, h := range got {
			if want := ranked(*b.Announcer.trackers.Load(), string(ds[i]))[0].base; h[0].Node != want {
				t.Fatalf("%s was asked of %s; want %s", ds[i], h[0].Node, want)
			}
		}
		for i, r := range b.trackers {
			if r.told("lookup") != 1 {
				t.Errorf("tracker %d was asked %d times; want one batch", i, r.told("lookup"))
			}
		}
	})
}

func TestABatchBeyondTheLimitIsSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLookupBed(t, 1)
		defer b.stop()
		got, err := b.Lookup(t.Context(), digests(0, 2*trackerapi.MaxLookup+1))
		if err != nil || slices.ContainsFunc(got, func(h trackerapi.Handout) bool { return len(h) != 1 }) {
			t.Fatal(err)
		}
		if n := b.trackers[0].told("lookup"); n != 3 {
			t.Errorf("%d messages", n)
		}
	})
}

func TestAnEmptyHandoutIsAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, 1) // it answers null
		defer b.stop()
		pass(3 * time.Second)
		got, err := b.Lookup(t.Context(), digests(0, 1))
		if err != nil || got[0] == nil || len(got[0]) != 0 {
			t.Errorf("got %#v, %v", got, err)
		}
	})
}

func TestAnotherTrackerAnswersForOneThatFails(t *testing.T) {
	for name, fault := range faults() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newLookupBed(t, 2)
				defer b.stop()
				b.net.set("t0:7070", onLookup(b.trackers[0], fault))
				began := time.Now()
				got, err := b.Lookup(t.Context(), digests(0, 20))
				if err != nil {
					t.Fatal(err)
				}
				for _, h := range got {
					if len(h) != 1 || h[0].Node != "http://t1:7070" {
						t.Fatalf("got %v", h)
					}
				}
				if took := time.Since(began); took > 50*time.Millisecond {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// Whatever is wrong with the only tracker: lookups cost little at first, and
// nothing once the breaker is open.
func TestAFailingTrackerCostsNothingForLong(t *testing.T) {
	for name, fault := range faults() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newLookupBed(t, 1)
				defer b.stop()
				b.net.set("t0:7070", onLookup(b.trackers[0], fault))
				for i := range 5 {
					began := time.Now()
					got, err := b.Lookup(t.Context(), digests(i, i+1))
					took := time.Since(began)
					if !errors.Is(err, ErrNoTracker) || got[0] != nil {
						t.Fatalf("lookup %d: %v, %v", i, got, err)
					}
					if took > 50*time.Millisecond || (i >= tolerated && took != 0) {
						t.Errorf("lookup %d took %s", i, took)
					}
				}
			})
		})
	}
}

// This machine stands still for long enough that two lookups find no answer at
// the only tracker, whose heartbeats pass: it is asked again within a moment.
func TestAMomentsStandstillClosesNoTrackerForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLookupBed(t, 1)
		defer b.stop()
		b.net.set("t0:7070", onLookup(b.trackers[0], never))
		for range tolerated {
			if _, err := b.Lookup(t.Context(), digests(0, 1)); err == nil {
				t.Fatal("it was answered")
			}
		}
		b.net.set("t0:7070", b.trackers[0])
		if _, err := b.Lookup(t.Context(), digests(0, 1)); !errors.Is(err, ErrNoTracker) {
			t.Fatalf("the breaker is not open: %v", err)
		}
		pass(2 * firstCooldown)
		if _, err := b.Lookup(t.Context(), digests(0, 1)); err != nil {
			t.Errorf("it is not asked after %s: %v", 2*firstCooldown, err)
		}
	})
}

// In two minutes of heartbeats that pass and lookups that fail, few lookups are
// tried; when they succeed again the tracker is used as before.
func TestATrackerThatOnlyFailsLookupsIsTriedLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLookupBed(t, 1)
		defer b.stop()
		tried := 0
		b.net.set("t0:7070", onLookup(b.trackers[0], func(w http.ResponseWriter, _ *http.Request) {
			tried++
			w.WriteHeader(http.StatusBadGateway)
		}))
		for range 1200 {
			_, _ = b.Lookup(t.Context(), digests(0, 1))
			pass(100 * time.Millisecond)
		}
		if tried < 8 || tried > 20 {
			t.Errorf("%d lookups were tried in 2 minutes", tried)
		}
		b.net.set("t0:7070", b.trackers[0])
		pass(maxCooldown + 2*time.Second)
		if _, err := b.Lookup(t.Context(), digests(0, 1)); err != nil {
			t.Error(err)
		}
	})
}

func TestATrackerThatWasNeverReachedCostsNothing(t *testing.T) {
	for name, h := range map[string]http.Handler{
		"nobody there": nil,
		"hangs":        http.HandlerFunc(never),
		"garbage":      http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }),
		"empty object": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[]")) }),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, stop := start(t, Config{
					Trackers:     []string{"t0:7070"},
					roundTripper: &network{hosts: map[string]http.Handler{"t0:7070": h}},
				}, newStock())
				defer stop()
				for range 30 {
					began := time.Now()
					if _, err := a.Lookup(t.Context(), digests(0, 1)); !errors.Is(err, ErrNoTracker) || time.Since(began) != 0 {
						t.Fatalf("%v after %s", err, time.Since(began))
					}
					pass(time.Second)
				}
			})
		})
	}
}

func TestACallerThatGoesAwayIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLookupBed(t, 1)
		defer b.stop()
		b.net.set("t0:7070", onLookup(b.trackers[0], never))
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			_, err := b.Lookup(ctx, digests(0, 1))
			cancel()
			if err == nil {
				t.Fatal("no error")
			}
		}
		b.net.set("t0:7070", b.trackers[0])
		if _, err := b.Lookup(t.Context(), digests(0, 1)); err != nil {
			t.Error(err)
		}
	})
}

func TestAFailedHeartbeatEndsLookupsAndAGoodOneBringsThemBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLookupBed(t, 1)
		defer b.stop()
		b.net.set("t0:7070", nil)
		pass(1200 * time.Millisecond)
		if _, err := b.Lookup(t.Context(), digests(0, 1)); !errors.Is(err, ErrNoTracker) {
			t.Fatal(err)
		}
		b.net.set("t0:7070", b.trackers[0])
		pass(1200 * time.Millisecond)
		if _, err := b.Lookup(t.Context(), digests(0, 1)); err != nil {
			t.Error(err)
		}
	})
}

func TestBeforeAndAfterRunThereIsNoTracker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLookupBed(t, 1)
		b.stop()
		if _, err := b.Lookup(t.Context(), digests(0, 1)); !errors.Is(err, ErrNoTracker) {
			t.Error(err)
		}
		if _, err := b.Resolve(t.Context(), []string{"a"}); !errors.Is(err, ErrNoTracker) {
			t.Error(err)
		}
	})
}

func TestResolve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newLookupBed(t, 2)
		defer b.stop()
		image := trackerapi.Image{Name: "docker.io/library/redis:7", Digest: digests(0, 1)[0], UpdatedAt: time.Unix(7, 0).UTC()}
		for _, r := range b.trackers {
			r.mu.Lock()
			r.images[image.Name] = image
			r.mu.Unlock()
		}
		got, err := b.Resolve(t.Context(), []string{image.Name, "docker.io/library/unknown:1"})
		if err != nil || got[0] != image || got[1].Digest != "" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// faults are ways for a tracker to fail a lookup.
func faults() map[string]http.HandlerFunc {
	write := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
	}
	return map[string]http.HandlerFunc{
		"hangs":       never,
		"HTML":        write("<html><body>Welcome to nginx!</body></html>"),
		"wrong JSON":  write(`{"handouts": 7}`),
		"wrong count": write(`{"handouts": []}`),
		"too large":   write(strings.Repeat(" ", 10<<20)),
		"bad address": func(w http.ResponseWriter, r *http.Request) {
			n := len(read[trackerapi.LookupRequest](r.Body).Digests)
			handout := trackerapi.Handout{{Node: "p", Addr: "nowhere"}}
			_ = json.NewEncoder(w).Encode(trackerapi.LookupResponse{Handouts: slices.Repeat([]trackerapi.Handout{handout}, n)})
		},
		"internal error":  func(w http.ResponseWriter, _ *http.Request) { refuse(w, errors.New("oh")) },
		"not a tracker":   http.NotFound,
		"redirect":        func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"connection cut":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"empty, with 200": write(""),
	}
}

// never answers. A server notices that its client has gone only once it has read
// the request's body.
func never(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func onLookup(r http.Handler, fault http.HandlerFunc) http.Handler { return onVerb(r, "lookup", fault) }

func onVerb(r http.Handler, verb string, fault http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/v1/"+verb {
			fault(w, req)
			return
		}
		r.ServeHTTP(w, req)
	})
}

// The same over real sockets, where connections and goroutines can leak.
func TestNothingLeaksWithRealTrackers(t *testing.T) {
	before := runtime.NumGoroutine()
	ref := newReference()
	ref.interval = 100
	servers := map[string]http.Handler{
		"good":  ref,
		"hangs": http.HandlerFunc(never),
		"hangs at lookups": onLookup(func() *reference { r := newReference(); r.interval = 100; return r }(),
			never),
		"garbage": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }),
	}
	var urls []string
	var open []*httptest.Server
	for _, h := range servers {
		srv := httptest.NewServer(h)
		open = append(open, srv)
		urls = append(urls, srv.URL)
	}
	urls = append(urls, "127.0.0.1:1")
	mute := silence(t)
	urls = append(urls, mute.Addr().String())

	a, stop := start(t, Config{Trackers: urls}, newStock(digests(0, 50)...))
	await(t, "two trackers answer", func() bool { return a.Sessions() == 2 })
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				_, _ = a.Lookup(t.Context(), digests(i*50+j, i*50+j+3))
				a.Report(trackerapi.Report{Peer: "p", Kind: trackerapi.KindRefused})
			}
		})
	}
	wg.Wait()
	await(t, "the good tracker knows all", func() bool { return len(ref.holds()) == 50 })
	stop()
	if ref.told("leave") != 1 {
		t.Error("no goodbye")
	}
	mute.Close()
	for _, srv := range open {
		srv.CloseClientConnections()
		srv.Close()
	}
	await(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}

// silence accepts connections and never says a word.
func silence(t *testing.T) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(io.Discard, c)
			}()
		}
	}()
	return l
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-tick.C {
		if ok() {
			return
		}
	}
	t.Fatalf("it never happened: %s", what)
}

func BenchmarkLookup(b *testing.B) {
	ref := newReference()
	ref.handout = named("n2")
	srv := httptest.NewServer(ref)
	defer srv.Close()
	a := New(Config{Node: self, Trackers: []string{srv.URL}}, newStock(), discard, nil)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	go func() { _ = a.Run(ctx) }()
	for a.Sessions() == 0 {
		pause(ctx, time.Millisecond)
	}
	ds := []digest.Digest{digests(0, 1)[0]}
	for b.Loop() {
		if _, err := a.Lookup(ctx, ds); err != nil {
			b.Fatal(err)
		}
	}
}
