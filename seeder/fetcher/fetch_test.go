package fetcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestAGoodPeerSendsTheBlob(t *testing.T) {
	for _, size := range []int{0, 1, smallSize, 1 << 20, 1<<20 + 1, largeSize} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			noLeaks(t)
			data, d := blob(size)
			w := newWorld(t, Config{}, serve(t, "a", good(data)))
			sources := w.wantBlob(d, data)
			if size > 0 && (len(sources) != 1 || sources[0] != Source{"a", int64(size)}) {
				t.Errorf("sources %v", sources)
			}
			w.wantReports("")
		})
	}
}

func TestThePeerIsAskedTheUsualWay(t *testing.T) {
	data, d := blob(smallSize)
	for name, c := range map[string]struct {
		repository, want string
	}{
		"with a name":    {"library/redis", "/v2/library/redis/blobs/" + d.String()},
		"without a name": {"", "/v2/dray/content/blobs/" + d.String()},
	} {
		t.Run(name, func(t *testing.T) {
			var got atomic.Value
			w := newWorld(t, Config{}, serve(t, "a", func(rw http.ResponseWriter, r *http.Request) {
				got.Store(r.URL.Path + r.Header.Get("Range") + r.Header.Get("Accept-Encoding"))
				good(data)(rw, r)
			}))
			if _, _, err := w.read(Request{Repository: c.repository, Digest: d, Length: ToEnd}); err != nil {
				t.Fatal(err)
			}
			if got.Load() != c.want {
				t.Errorf("asked %q; want %q", got.Load(), c.want)
			}
		})
	}
}

func TestRanges(t *testing.T) {
	data, d := blob(largeSize)
	w := newWorld(t, Config{}, serve(t, "a", good(data)))
	for _, c := range []struct {
		offset, length int64
		want           []byte
		verified       bool
	}{
		{0, ToEnd, data, true},
		{0, largeSize, data, true},
		{0, largeSize + 7, data, true},
		{0, 1, data[:1], false},
		{100, 50, data[100:150], false},
		{largeSize - 1, ToEnd, data[largeSize-1:], false},
		{1 << 20, ToEnd, data[1<<20:], false},
		{largeSize - 10, 100, data[largeSize-10:], false},
	} {
		t.Run(fmt.Sprintf("%d+%d", c.offset, c.length), func(t *testing.T) {
			s, err := w.Fetch(t.Context(), Request{Digest: d, Offset: c.offset, Length: c.length})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			got, err := readAll(s)
			if err != nil || !bytes.Equal(got, c.want) {
				t.Errorf("got %d bytes, %v; want %d", len(got), err, len(c.want))
			}
			if s.Size() != largeSize || s.Offset() != c.offset || s.Length() != int64(len(c.want)) || s.Verified() != c.verified {
				t.Errorf("size %d, offset %d, length %d, verified %t", s.Size(), s.Offset(), s.Length(), s.Verified())
			}
		})
	}
	w.wantReports("")
}

func TestRequestsThatMakeNoSenseAreRefused(t *testing.T) {
	_, d := blob(smallSize)
	w := newWorld(t, Config{})
	for name, r := range map[string]Request{
		"digest":            {Digest: "sha256:abc", Length: ToEnd},
		"unknown algorithm": {Digest: "md5:d41d8cd98f00b204e9800998ecf8427e", Length: ToEnd},
		"negative offset":   {Digest: d, Offset: -1, Length: ToEnd},
		"no length":         {Digest: d},
	} {
		if _, err := w.Fetch(t.Context(), r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if n := w.lookupCount(); n != 0 {
		t.Errorf("%d lookups", n)
	}
}

func TestARangeBehindTheEndIsNoFault(t *testing.T) {
	data, d := blob(smallSize)
	w := newWorld(t, Config{}, serve(t, "a", good(data)))
	if _, _, err := w.read(Request{Digest: d, Offset: smallSize, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
		t.Errorf("got %v", err)
	}
	w.wantReports("")
}

func TestNobodyHasIt(t *testing.T) {
	_, d := blob(smallSize)
	w := newWorld(t, Config{})
	for range 3 {
		if _, err := w.Fetch(t.Context(), Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
			t.Fatalf("got %v", err)
		}
	}
}

func TestNoTracker(t *testing.T) {
	_, d := blob(smallSize)
	w := newWorld(t, Config{})
	w.lookupFn = func(context.Context) error { return errors.New("no tracker") }
	if _, err := w.Fetch(t.Context(), Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
		t.Fatalf("got %v", err)
	}
}

func TestALookupThatHangsIsNotWaitedFor(t *testing.T) {
	noLeaks(t)
	_, d := blob(smallSize)
	w := newWorld(t, Config{LookupTimeout: 20 * time.Millisecond})
	w.lookupFn = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	if _, err := w.Fetch(t.Context(), Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
		t.Fatalf("got %v", err)
	}
}

// Whatever is wrong with the best peer before its first byte, the next one
// sends the blob.
func TestTheNextPeerIsAsked(t *testing.T) {
	data, d := blob(largeSize)
	other := data[:largeSize-1]
	for name, c := range map[string]struct {
		bad    func(*testing.T) trackerapi.Holder
		report string
		ranged string
	}{
		"refused":    {func(t *testing.T) trackerapi.Holder { return refusing(t, "bad") }, "bad refused", "bad refused"},
		"black hole": {func(t *testing.T) trackerapi.Holder { return blackHole(t, "bad") }, "", ""},
		"no address": {func(*testing.T) trackerapi.Holder { return holder("bad", "::bad::") }, "", ""},
		"404": {func(t *testing.T) trackerapi.Holder { return serve(t, "bad", http.NotFound) },
			"bad miss", "bad miss"},
		"500": {func(t *testing.T) trackerapi.Holder {
			return serve(t, "bad", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
		}, "bad miss", "bad miss"},
		"redirect": {func(t *testing.T) trackerapi.Holder {
			return serve(t, "bad", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) })
		}, "bad miss", "bad miss"},
		"hangs up": {func(t *testing.T) trackerapi.Holder { return serve(t, "bad", hangUp(false)) }, "bad refused", "bad refused"},
		"not HTTP": {func(t *testing.T) trackerapi.Holder {
			return raw(t, "bad", func(c net.Conn) { _, _ = c.Write([]byte("220 smtp ready\r\n")) })
		}, "bad refused", "bad refused"},
		"headers without end": {func(t *testing.T) trackerapi.Holder {
			return raw(t, "bad", func(c net.Conn) {
				_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nA: %s\r\n\r\n", strings.Repeat("a", 1<<20))
			})
		}, "bad refused", "bad refused"},
		"headers, then nothing": {func(t *testing.T) trackerapi.Holder {
			return serve(t, "bad", stopping(data, 0, silentUntil(t)))
		}, "", ""},
		"headers, then the end": {func(t *testing.T) trackerapi.Holder {
			return serve(t, "bad", stopping(data, 0, hangUp(false)))
		}, "bad short", "bad short"},
		"no length": {func(t *testing.T) trackerapi.Holder {
			return serve(t, "bad", func(w http.ResponseWriter, _ *http.Request) {
				_ = http.NewResponseController(w).Flush()
				_, _ = w.Write(data)
			})
		}, "bad corrupt", "bad corrupt"},
		"encoded": {func(t *testing.T) trackerapi.Holder {
			return serve(t, "bad", func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				good(data)(w, r)
			})
		}, "bad corrupt", "bad corrupt"},
		"range ignored": {func(t *testing.T) trackerapi.Holder {
			return serve(t, "bad", func(w http.ResponseWriter, r *http.Request) {
				r.Header.Del("Range")
				good(data)(w, r)
			})
		}, "", "bad corrupt"},
		"another range": {func(t *testing.T) trackerapi.Holder {
			return serve(t, "bad", func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") != "" {
					r.Header.Set("Range", "bytes=7-")
				}
				good(data)(w, r)
			})
		}, "", "bad corrupt"},
		"a shorter blob, ranged": {func(t *testing.T) trackerapi.Holder { return serve(t, "bad", good(other)) }, "skip", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if c.report != "skip" {
				noLeaks(t)
				w := trial(t, c.bad(t), data, c.report != "")
				w.wantBlob(d, data)
				w.wantReports(c.report)
			}
		})
		t.Run(name+", in the middle", func(t *testing.T) {
			noLeaks(t)
			w := trial(t, c.bad(t), data, c.ranged != "")
			got, _, err := w.read(Request{Digest: d, Offset: 100, Length: 1 << 20})
			if err != nil || !bytes.Equal(got, data[100:100+1<<20]) {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			w.wantReports(c.ranged)
		})
	}
}

func trial(t *testing.T, bad trackerapi.Holder, data []byte, accused bool) *world {
	t.Helper()
	if accused {
		return newTrial(t, bad, map[string][]byte{"good": data})
	}
	return newWorld(t, Config{}, bad, serve(t, "good", good(data)))
}

func TestNobodyAnswersInTime(t *testing.T) {
	noLeaks(t)
	_, d := blob(smallSize)
	w := newWorld(t, Config{FirstByteTimeout: 2 * time.Second}, blackHole(t, "a"), blackHole(t, "b"))
	if _, err := w.Fetch(t.Context(), Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
		t.Fatalf("got %v", err)
	}
	// On a busy machine both may have been asked twice.
	if got := w.reported(); !strings.HasPrefix(got, "a timeout, b timeout") {
		t.Errorf("reported %q", got)
	}
}

func TestAllPeersRefuse(t *testing.T) {
	_, d := blob(smallSize)
	w := newWorld(t, Config{}, refusing(t, "a"), refusing(t, "b"))
	if _, err := w.Fetch(t.Context(), Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
		t.Fatalf("got %v", err)
	}
	w.wantReports("a refused, b refused")
	if n := w.lookupCount(); n != 1 {
		t.Errorf("%d lookups: a second one can't tell more so soon", n)
	}
}

// A body that breaks off goes on from the next peer, at the very byte.
func TestABodyGoesOnElsewhere(t *testing.T) {
	data, d := blob(largeSize)
	for name, c := range map[string]struct {
		then   func(*testing.T) http.HandlerFunc
		report string
	}{
		"FIN":   {func(*testing.T) http.HandlerFunc { return hangUp(false) }, "bad short"},
		"RST":   {func(*testing.T) http.HandlerFunc { return hangUp(true) }, "bad short"},
		"stall": {silentUntil, "bad stall"},
	} {
		for _, at := range []int{1, 100_000, largeSize / 2, largeSize - 1} {
			t.Run(fmt.Sprintf("%s at %d", name, at), func(t *testing.T) {
				noLeaks(t)
				failing, then := make(chan struct{}), c.then(t)
				bad := serve(t, "bad", stopping(data, at, func(rw http.ResponseWriter, r *http.Request) {
					close(failing)
					then(rw, r)
				}))
				w := newWorld(t, Config{}, bad, serve(t, "good", after(failing, good(data))))
				for range learnedAt { // so that it is waited for before its first byte
					w.peers.get(bad.Addr).answered(maxHedge)
				}
				sources := w.wantBlob(d, data)
				w.wantReports(c.report)
				sum := int64(0)
				for _, s := range sources {
					sum += s.Bytes
				}
				if sum != largeSize || nodes(sources) != "bad good" {
					t.Errorf("sources %v", sources)
				}
			})
		}
	}
}

// A parent's death is one of many things at a time here: whatever the others do,
// one good peer is enough for all streams.
func TestOneGoodPeerIsEnough(t *testing.T) {
	noLeaks(t)
	data, d := blob(largeSize)
	var turn atomic.Int64
	moody := func(w http.ResponseWriter, r *http.Request) {
		n := turn.Add(1)
		at := int(n*7919) % largeSize
		switch n % 5 {
		case 0:
			stopping(data, at, hangUp(true))(w, r)
		case 1:
			stopping(data, at, hangUp(false))(w, r)
		case 2:
			stopping(data, at, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })(w, r)
		case 3:
			hangUp(true)(w, r)
		case 4:
			<-r.Context().Done()
		}
	}
	w := newWorld(t, Config{MinStall: 30 * time.Millisecond},
		serve(t, "a", moody), serve(t, "b", moody), refusing(t, "c"), serve(t, "good", good(data)), serve(t, "d", moody))
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			from := int64(i * 10_000)
			got, _, err := w.read(Request{Digest: d, Offset: from, Length: ToEnd})
			if err != nil || !bytes.Equal(got, data[from:]) {
				t.Errorf("stream %d: %d of %d bytes, %v", i, len(got), largeSize-from, err)
			}
		})
	}
	wg.Wait()
}

func TestASmallBlobGoesOnElsewhere(t *testing.T) {
	data, d := blob(smallSize)
	failing, silent := make(chan struct{}), silentUntil(t)
	bad := stopping(data, 5000, func(rw http.ResponseWriter, r *http.Request) {
		close(failing)
		silent(rw, r)
	})
	w := newWorld(t, Config{}, serve(t, "bad", bad), serve(t, "good", after(failing, good(data))))
	w.wantBlob(d, data)
	w.wantReports("bad stall")
}

// Reports carry what the tracker needs to judge.
func TestAReportSaysWhoWhatAndWhere(t *testing.T) {
	data, d := blob(largeSize)
	bad := serve(t, "bad", stopping(data, 100_000, hangUp(true)))
	bad.Epoch = 77
	w := newTrial(t, bad, map[string][]byte{"good": data})
	w.wantBlob(d, data)
	got := w.reports[0]
	// A reset may overtake some of the bytes.
	if got.Offset > 100_000 {
		t.Errorf("offset %d", got.Offset)
	}
	got.Offset = 0
	if want := (trackerapi.Report{Peer: "bad", Epoch: 77, Kind: trackerapi.KindShort, Digest: d}); got != want {
		t.Errorf("got %+v", got)
	}
}

func TestAPeerThatWakesUpIsKept(t *testing.T) {
	noLeaks(t)
	data, d := blob(largeSize)
	asked := make(chan struct{}, 1)
	a := serve(t, "a", stopping(data, 100_000, func(w http.ResponseWriter, _ *http.Request) {
		<-asked // the other one is being asked
		_, _ = w.Write(data[100_000:])
	}))
	b := serve(t, "b", func(w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default: // on a busy machine it may be asked twice
		}
		silentUntil(t)(w, r)
	})
	w := newWorld(t, Config{}, a, b)
	if got := nodes(w.wantBlob(d, data)); got != "a" {
		t.Errorf("sources %s", got)
	}
	w.wantReports("")
}

func TestAnOnlyPeerThatStallsIsWaitedForAndThenGivenUp(t *testing.T) {
	noLeaks(t)
	data, d := blob(largeSize)
	var asked atomic.Int64
	once, silent := stopping(data, 100_000, silentUntil(t)), silentUntil(t)
	w := newWorld(t, Config{StallLimit: 100 * time.Millisecond, FirstByteTimeout: 200 * time.Millisecond},
		serve(t, "a", counted(&asked, func(rw http.ResponseWriter, r *http.Request) {
			if asked.Load() == 1 {
				once(rw, r)
			} else {
				silent(rw, r)
			}
		})))
	got, _, err := w.read(Request{Digest: d, Length: ToEnd})
	if !errors.Is(err, ErrBroken) || len(got) != 100_000 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if !strings.HasPrefix(w.reported(), "a stall") {
		t.Errorf("reported %s", w.reported())
	}
}

func TestAFreshLookupFindsANewPeer(t *testing.T) {
	noLeaks(t)
	data, d := blob(largeSize)
	var w *world
	late := serve(t, "late", good(data))
	first := serve(t, "first", stopping(data, 100_000, func(rw http.ResponseWriter, r *http.Request) {
		w.setHandout(late)
		silentUntil(t)(rw, r)
	}))
	w = newWorld(t, Config{}, first)
	// The first handout must be old enough for another lookup to make sense.
	w.Prefetch([]digest.Digest{d})
	eventually(t, "the handout is old", func() bool {
		_, at, err := w.Fetcher.handouts.get(t.Context(), d)
		return err == nil && time.Since(at) > freshFor
	})
	if got := nodes(w.wantBlob(d, data)); got != "first late" {
		t.Errorf("sources %s", got)
	}
	w.wantReports("first stall")
}

func TestABodyThatNobodyCanFinishEndsInAnError(t *testing.T) {
	noLeaks(t)
	data, d := blob(largeSize)
	w := newWorld(t, Config{},
		serve(t, "a", stopping(data, 100_000, hangUp(false))), serve(t, "b", stopping(data, 200_000, hangUp(false))))
	got, _, err := w.read(Request{Digest: d, Length: ToEnd})
	if !errors.Is(err, ErrBroken) || !bytes.HasPrefix(data, got) || len(got) == len(data) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

func TestWrongBytesOfASmallBlobAreNeverSeen(t *testing.T) {
	noLeaks(t)
	data, d := blob(smallSize)
	var asked atomic.Int64
	w := newTrial(t, serve(t, "bad", counted(&asked, good(flipped(data, 17)))), map[string][]byte{"good": data})
	for range 3 {
		if got := nodes(w.wantBlob(d, data)); got != "good" {
			t.Errorf("sources %s", got)
		}
	}
	w.wantReports("bad corrupt")
	if asked.Load() != 1 {
		t.Errorf("the bad peer was asked %d times", asked.Load())
	}
}

func TestAWrongLargeBlobIsNeverWhole(t *testing.T) {
	noLeaks(t)
	data, d := blob(largeSize)
	w := newTrial(t, serve(t, "bad", good(flipped(data, largeSize-1))), map[string][]byte{"good": data})
	got, _, err := w.read(Request{Digest: d, Length: ToEnd})
	if !errors.Is(err, ErrCorrupt) || len(got) >= largeSize {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	w.wantReports("bad corrupt")
	if got := nodes(w.wantBlob(d, data)); got != "good" {
		t.Errorf("then from %s", got)
	}
}

func TestAllWhoContributedToAWrongBlobAreReported(t *testing.T) {
	data, d := blob(largeSize)
	w := newTrial(t, serve(t, "a", stopping(data, 100_000, hangUp(false))), map[string][]byte{"b": flipped(data, 1<<20)})
	if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
	w.wantReports("a short, a corrupt, b corrupt")
	if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
		t.Errorf("asked again: %v", err)
	}
}

func TestARestartedPeerIsTrustedAgain(t *testing.T) {
	data, d := blob(smallSize)
	var right atomic.Bool
	peer := serve(t, "a", func(w http.ResponseWriter, r *http.Request) {
		if right.Load() {
			good(data)(w, r)
		} else {
			good(flipped(data, 0))(w, r)
		}
	})
	w := newWorld(t, Config{}, peer)
	if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
		t.Fatal(err)
	}
	right.Store(true)
	peer.Epoch++
	w.setHandout(peer)
	w.wantBlob(d, data)
}

// When sizes differ nobody can know who is right: the stream goes on with those
// who agree with what the reader was told.
func TestSizesThatDisagree(t *testing.T) {
	data, d := blob(largeSize)
	w := newTrial(t, serve(t, "first", stopping(data, 100_000, hangUp(false))),
		map[string][]byte{"another size": append(bytes.Clone(data), 1), "the same": data})
	if got := nodes(w.wantBlob(d, data)); got != "first the same" {
		t.Errorf("sources %s", got)
	}
	w.wantReports("first short")
}

func TestAWrongSizeIsCorruptInTheEnd(t *testing.T) {
	for _, size := range []int{smallSize, largeSize} {
		data, d := blob(size)
		for name, wrong := range map[string][]byte{"shorter": data[:size-1], "longer": append(bytes.Clone(data), 1)} {
			t.Run(fmt.Sprintf("%d, %s", size, name), func(t *testing.T) {
				w := newTrial(t, serve(t, "bad", good(wrong)), map[string][]byte{"good": data})
				if size == largeSize {
					if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrCorrupt) {
						t.Errorf("got %v", err)
					}
				}
				w.wantBlob(d, data)
				w.wantReports("bad corrupt")
			})
		}
	}
}

func TestBytesAfterTheEndAreIgnored(t *testing.T) {
	data, d := blob(smallSize)
	w := newWorld(t, Config{}, raw(t, "a", func(c net.Conn) {
		buf := make([]byte, 4096)
		_, _ = c.Read(buf)
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%smore than that", len(data), data)
	}))
	w.wantBlob(d, data)
	w.wantReports("")
}

func TestASlowButHealthyPeer(t *testing.T) {
	data, d := blob(smallSize)
	slow := func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(120 * time.Millisecond):
			good(data)(w, r)
		case <-r.Context().Done():
		}
	}
	t.Run("alone is always used", func(t *testing.T) {
		w := newWorld(t, Config{}, serve(t, "slow", slow))
		for range 5 {
			w.wantBlob(d, data)
		}
		w.wantReports("")
	})
	t.Run("is asked after a quick one", func(t *testing.T) {
		h := trackerapi.Handout{holder("slow", "10.0.0.1:1"), holder("quick", "10.0.0.2:1")}
		w := newWorld(t, Config{}, h...)
		w.peers.get(h[0].Addr).answered(120 * time.Millisecond)
		w.peers.get(h[1].Addr).answered(2 * time.Millisecond)
		if cs := w.candidates(d, h); cs[0].Node != "quick" || cs[1].Node != "slow" {
			t.Errorf("the order is %s, %s", cs[0].Node, cs[1].Node)
		}
	})
}

func TestAPeerThatFailedIsAskedLastButNotLeftOut(t *testing.T) {
	data, d := blob(smallSize)
	var down atomic.Bool
	var asked atomic.Int64
	a := serve(t, "a", counted(&asked, func(w http.ResponseWriter, r *http.Request) {
		if down.Load() {
			hangUp(true)(w, r)
			return
		}
		good(data)(w, r)
	}))
	w := newTrial(t, a, map[string][]byte{"b": data})
	down.Store(true)
	if got := nodes(w.wantBlob(d, data)); got != "b" {
		t.Fatalf("from %s", got)
	}
	before := asked.Load()
	if got := nodes(w.wantBlob(d, data)); got != "b" || asked.Load() != before {
		t.Errorf("from %s; the peer that failed was asked %d times more", got, asked.Load()-before)
	}
	// Across digests, and when it is the only one.
	down.Store(false)
	w.setHandout(a)
	w.Fetcher.handouts.distrust(d)
	if got := nodes(w.wantBlob(d, data)); got != "a" {
		t.Errorf("then from %s", got)
	}
	if w.peers.get(a.Addr).standing().backedOff {
		t.Error("it has delivered: its back-off is over")
	}
}

func TestIPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("SKIPPED: no IPv6 on loopback:", err)
	}
	data, d := blob(smallSize)
	srv := httptest.NewUnstartedServer(good(data))
	srv.Listener.Close()
	srv.Listener = l
	srv.Start()
	defer srv.Close()
	w := newWorld(t, Config{}, holder("six", l.Addr().String()))
	w.wantBlob(d, data)
}

func TestManyStreamsAtOnce(t *testing.T) {
	noLeaks(t)
	data, d := blob(largeSize)
	w := newWorld(t, Config{},
		serve(t, "bad", stopping(data, 1<<20, hangUp(true))), refusing(t, "gone"),
		serve(t, "good", good(data)), serve(t, "better", good(data)))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			got, _, err := w.read(Request{Digest: d, Length: ToEnd})
			if err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	wg.Wait()
}

func TestAReaderThatGoesAwayAccusesNobody(t *testing.T) {
	data, d := blob(largeSize)
	for name, leave := range map[string]func(*Stream, context.CancelFunc){
		"closes":        func(s *Stream, _ context.CancelFunc) { s.Close() },
		"closes twice":  func(s *Stream, _ context.CancelFunc) { s.Close(); s.Close() },
		"context ended": func(_ *Stream, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			w := newWorld(t, Config{SilentAfter: long}, serve(t, "a", good(data)), serve(t, "b", good(data)))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s, err := w.Fetch(ctx, Request{Digest: d, Length: ToEnd})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(s, make([]byte, 10_000)); err != nil {
				t.Fatal(err)
			}
			leave(s, cancel)
			if _, err := io.Copy(io.Discard, s); err == nil {
				t.Error("read to the end")
			}
			s.Close()
			w.wantReports("")
		})
	}
}

func TestAReaderThatGoesAwayWhileAPeerStalls(t *testing.T) {
	noLeaks(t)
	data, d := blob(largeSize)
	w := newWorld(t, Config{}, serve(t, "a", stopping(data, 100_000, silentUntil(t))), blackHole(t, "b"))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(150*time.Millisecond, cancel)
	s, err := w.Fetch(ctx, Request{Digest: d, Length: ToEnd})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := readAll(s); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	w.wantReports("")
}

func TestASmallBlobThatTricklesIsGivenUp(t *testing.T) {
	noLeaks(t)
	data, d := blob(smallSize)
	w := newWorld(t, Config{SmallTimeout: 100 * time.Millisecond}, serve(t, "a", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Length", fmt.Sprint(len(data)))
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for i := range data {
			_, _ = rw.Write(data[i : i+1])
			_ = http.NewResponseController(rw).Flush()
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
		}
	}))
	if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
		t.Fatalf("got %v", err)
	}
	w.wantReports("")
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	data, d := blob(largeSize)
	var conns atomic.Int64
	srv := httptest.NewUnstartedServer(good(data))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	w := newWorld(t, Config{}, holder("a", srv.Listener.Addr().String()))
	const blobs = 12
	for range blobs {
		w.wantBlob(d, data)
	}
	// On a busy machine the peer may seem to stall, which costs one more.
	if conns.Load() > blobs/2 {
		t.Errorf("%d connections for %d blobs in a row", conns.Load(), blobs)
	}
}
