package ingests

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/drayproject/dray/seeder/guard"
	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/store/embedded"
	"github.com/drayproject/dray/seeder/store/storetest"
	"github.com/drayproject/dray/shared/trackerapi"
)

const size = 1000

// bed is a node with a real store, and what its trackers were told.
type bed struct {
	*Ingests
	t     *testing.T
	store *embedded.Store
	root  string
	told  chan trackerapi.Ingest
	stop  func()

	mu        sync.Mutex
	suspected []digest.Digest
	claimed   []digest.Digest // said to come from the origin, before there was a byte
}

// quickly is for tests of what happens in the end.
var quickly = timing{
	quickest: time.Millisecond, slowest: 20 * time.Millisecond, expect: time.Minute,
	standstill: time.Minute, commit: 10 * time.Millisecond, stuck: time.Minute,
}

// newBed makes a node that does not look at its store before start.
func newBed(t *testing.T, timing timing) *bed {
	t.Helper()
	root := t.TempDir()
	s, err := embedded.New(t.Context(), root, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	b := &bed{t: t, store: s, root: root, told: make(chan trackerapi.Ingest, 100)}
	b.Ingests = New(s, Parts{
		Progress: func(list []trackerapi.Ingest) {
			for _, in := range list {
				if in == (trackerapi.Ingest{Digest: in.Digest}) {
					b.claim(in.Digest)
					continue
				}
				b.told <- in
			}
		},
		Suspect: b.suspect,
	}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	b.timing = timing
	return b
}

// running makes one that does.
func running(t *testing.T, timing timing) *bed {
	t.Helper()
	b := newBed(t, timing)
	b.start()
	return b
}

func (b *bed) start() {
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	})
	b.t.Cleanup(b.stop)
}

func (b *bed) claim(d digest.Digest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.claimed = append(b.claimed, d)
}

func (b *bed) suspect(d digest.Digest) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.suspected = append(b.suspected, d)
}

func (b *bed) suspects() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.suspected)
}

// begin writes the first n bytes of a blob, as containerd would.
func (b *bed) begin(seed uint64, n int) (content.Writer, []byte, digest.Digest) {
	b.t.Helper()
	data := storetest.Random(seed, size)
	d := digest.FromBytes(data)
	w := storetest.Begin(b.t, b.store, d, size, data[:n])
	b.t.Cleanup(func() { _ = w.Close() })
	return w, data, d
}

// age makes all ingests ones that were last written long ago.
func (b *bed) age() {
	b.t.Helper()
	long := time.Now().Add(-time.Hour)
	files, _ := filepath.Glob(filepath.Join(b.root, "content", "ingest", "*", "data"))
	for _, f := range files {
		if err := os.Chtimes(f, long, long); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bed) write(w content.Writer, p []byte) {
	b.t.Helper()
	if _, err := w.Write(p); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) commit(w content.Writer, d digest.Digest) error {
	return w.Commit(b.store.WithContext(b.t.Context()), size, d)
}

// expectTold waits for the next thing that trackers are told; rates are not
// compared.
func (b *bed) expectTold(want trackerapi.Ingest) {
	b.t.Helper()
	select {
	case got := <-b.told:
		if got.Rate = 0; got != want {
			b.t.Fatalf("told %+v\nwant %+v", got, want)
		}
	case <-time.After(20 * time.Second):
		b.t.Fatalf("never told: %+v", want)
	}
}

func (b *bed) expectFollowed(n int) {
	b.t.Helper()
	storetest.Eventually(b.t, fmt.Sprint(n, " ingests are followed"), func() bool { return b.count() == float64(n) })
}

func (b *bed) expectSilence() {
	b.t.Helper()
	select {
	case got := <-b.told:
		b.t.Fatalf("told %+v", got)
	default:
	}
	if list := b.List(); len(list) != 0 {
		b.t.Fatalf("lists %+v", list)
	}
}

func TestAPullIsToldFromItsFirstBytesToItsEnd(t *testing.T) {
	b := running(t, quickly)
	w, data, d := b.begin(1, 0)
	b.From(d, "a")
	b.expectFollowed(1)
	b.expectSilence()
	b.write(w, data[:400])
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: 400, Size: size, Parent: "a"})
	b.write(w, data[400:600])
	storetest.Eventually(t, "it is listed", func() bool {
		list := b.List()
		return len(list) == 1 && list[0].Digest == d && list[0].Offset == 600 && list[0].Size == size && list[0].Parent == "a" && !list[0].Ended
	})
	b.write(w, data[600:])
	if err := b.commit(w, d); err != nil {
		t.Fatal(err)
	}
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: size, Size: size, Parent: "a", Ended: true})
	b.expectFollowed(0)
	b.expectSilence()
}

func TestTheWayToTheOriginIsToldBeforeThereIsAByte(t *testing.T) {
	b := newBed(t, quickly)
	d, other := digest.FromString("d"), digest.FromString("other")
	b.Expect(d)
	b.Expect(d) // a HEAD, and then the GET
	b.From(other, "a")
	b.Expect(other) // its parent has failed
	if want := []digest.Digest{d, other}; !slices.Equal(b.claimed, want) {
		t.Errorf("told of %v, want %v", b.claimed, want)
	}
}

func TestAnotherParentIsTold(t *testing.T) {
	b := running(t, quickly)
	w, data, d := b.begin(1, 0)
	b.From(d, "a")
	b.expectFollowed(1)
	b.From(d, "b") // nobody knows of it yet
	b.write(w, data[:400])
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: 400, Size: size, Parent: "b"})
	b.From(d, "b")
	b.From(d, "c")
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: 400, Size: size, Parent: "c"})
	b.Expect(d)
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: 400, Size: size})
}

func TestBytesAreCountedBySource(t *testing.T) {
	b := running(t, quickly)
	w, data, d := b.begin(1, 0)
	b.From(d, "a")
	b.expectFollowed(1)
	b.write(w, data[:400])
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: 400, Size: size, Parent: "a"})
	counted := func(source string, want float64) {
		storetest.Eventually(t, fmt.Sprint(want, " bytes are from the ", source), func() bool {
			return testutil.ToFloat64(b.metrics.bytes.WithLabelValues(source)) == want
		})
	}
	counted("peer", 400)
	b.Expect(d)
	b.write(w, data[400:])
	counted("origin", 600)
	if err := b.commit(w, d); err != nil {
		t.Fatal(err)
	}
	b.expectFollowed(0)
	counted("peer", 400)
	counted("origin", 600)
}

func TestAPullPastTheMirrorIsFound(t *testing.T) {
	b := running(t, quickly)
	w, data, d := b.begin(1, 0)
	b.expectFollowed(1)
	b.write(w, data[:400])
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: 400, Size: size})
}

func TestWhatIsTooQuickToBeSeenIsToldAtTheEnd(t *testing.T) {
	timing := quickly
	timing.quickest, timing.slowest = time.Hour, time.Hour // nothing is seen in between
	b := running(t, timing)
	d := digest.FromString("quick")
	b.From(d, "a")
	storetest.Eventually(t, "it is expected", func() bool { return len(b.hurry) == 0 })
	storetest.Put(t, b.store, []byte("quick"))
	b.Expect(digest.FromString("another"))
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: 5, Size: 5, Parent: "a", Ended: true})
}

func TestWhatACrashLeftBehindIsNobodysUntilItGrows(t *testing.T) {
	b := newBed(t, quickly)
	w, data, d := b.begin(1, 400)
	b.age()
	if b.look(t.Context()); b.count() != 0 {
		t.Fatal("it is followed though nobody expects it")
	}
	b.start()
	b.Expect(d)
	b.expectFollowed(1)
	b.expectSilence()
	if g, err := b.Open(t.Context(), d); err == nil {
		t.Fatalf("a neighbour can have it: %v", g)
	}
	b.write(w, data[400:500])
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: 500, Size: size})
	g, err := b.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	_ = g.Close()
}

func TestAPoisonedIngestIsSuspectedAndNeverTold(t *testing.T) {
	b := newBed(t, quickly)
	wrong := storetest.Random(9, size)
	d := digest.FromString("another")
	storetest.Poison(t, b.store, d, wrong)
	b.start() // now: a look while it is written would see it grow
	b.Expect(d)
	storetest.Eventually(t, "it is suspected", func() bool { return b.suspects() == 1 })
	b.expectSilence()
	if err := b.store.Abort(t.Context(), storetest.Ref(d)); err != nil {
		t.Fatal(err)
	}
	b.expectFollowed(0)
	b.expectSilence()
}

func TestWrongBytesEndAsAFailure(t *testing.T) {
	b := running(t, quickly)
	w, _, d := b.begin(1, 0)
	b.Expect(d)
	b.expectFollowed(1)
	b.write(w, storetest.Random(9, size))
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: size, Size: size})
	if err := b.commit(w, d); err == nil {
		t.Fatal("wrong bytes were committed")
	}
	storetest.Eventually(t, "it is suspected", func() bool { return b.suspects() == 1 })
	if err := b.store.Abort(t.Context(), storetest.Ref(d)); err != nil {
		t.Fatal(err)
	}
	b.expectTold(trackerapi.Ingest{Digest: d, Size: size, Ended: true})
}

// A registry that sends wrong bytes leaves an ingest that containerd can never
// commit: with the guard behind it, the next pull begins with a clean one.
func TestWrongBytesFromTheRegistryAreCured(t *testing.T) {
	b := newBed(t, quickly)
	g := guard.New(b.store, func(digest.Digest, []string) { t.Error("nobody is to blame") },
		slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	b.parts.Suspect = func(d digest.Digest) { g.Watch(d, nil) }
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	defer func() { stop(); <-ended }()
	b.start()
	data := storetest.Random(1, size)
	d := digest.FromBytes(data)
	b.Expect(d)
	storetest.Poison(t, b.store, d, storetest.Random(9, size))
	storetest.Eventually(t, "the ingest is gone", func() bool { return len(b.store.Arrivals()) == 0 })
	storetest.Put(t, b.store, data)
}

func TestANewBeginningIsAFailureAndThenAnotherIngest(t *testing.T) {
	b := running(t, quickly)
	w, data, d := b.begin(1, 0)
	b.From(d, "a")
	b.expectFollowed(1)
	b.write(w, data[:400])
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: 400, Size: size, Parent: "a"})
	if err := w.Truncate(0); err != nil {
		t.Fatal(err)
	}
	b.expectTold(trackerapi.Ingest{Digest: d, Size: size, Parent: "a", Ended: true})
	b.expectFollowed(1)
	b.write(w, data[:100])
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: 100, Size: size})
}

func TestWhatStandsStillEndsUntilItGrowsAgain(t *testing.T) {
	timing := quickly
	timing.standstill = 200 * time.Millisecond
	b := running(t, timing)
	w, data, d := b.begin(1, 0)
	rest := b.growUntilTold(w, data)
	if end := b.nextEnd(); end != (trackerapi.Ingest{Digest: d, Size: size, Ended: true}) {
		t.Fatalf("the end is told as %+v", end)
	}
	b.growUntilTold(w, rest)
}

// growUntilTold writes byte by byte until that is told, and returns what is
// left. On a busy machine it may have been taken to stand still in between.
func (b *bed) growUntilTold(w content.Writer, data []byte) (rest []byte) {
	b.t.Helper()
	for len(data) > 0 {
		b.write(w, data[:1])
		data = data[1:]
		select {
		case got := <-b.told:
			if !got.Ended {
				return data
			}
		case <-time.After(20 * time.Millisecond):
		}
	}
	b.t.Fatal("growth is never told")
	return nil
}

func (b *bed) nextEnd() trackerapi.Ingest {
	b.t.Helper()
	for {
		select {
		case got := <-b.told:
			if got.Ended {
				return got
			}
		case <-time.After(20 * time.Second):
			b.t.Fatal("no end is told")
		}
	}
}

func TestWhatNeverComesIsForgotten(t *testing.T) {
	timing := quickly
	timing.expect = time.Millisecond
	b := running(t, timing)
	b.Expect(digest.FromString("never"))
	storetest.Eventually(t, "it is forgotten", func() bool { return len(b.outstanding(time.Now())) == 0 })
}

func TestExpectationsAreBounded(t *testing.T) {
	b := running(t, quickly)
	for i := range 10 * maxExpected {
		b.Expect(digest.FromString(fmt.Sprint(i)))
	}
	if n := len(b.outstanding(time.Now())); n > maxExpected {
		t.Fatalf("%d are expected", n)
	}
}

func TestTheEndOfTheSeederIsToldToNobody(t *testing.T) {
	b := running(t, quickly)
	w, data, d := b.begin(1, 0)
	b.expectFollowed(1)
	b.write(w, data[:400])
	b.expectTold(trackerapi.Ingest{Digest: d, Offset: 400, Size: size})
	b.stop()
	b.expectSilence()
}

func TestPace(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(100, 0).Add(time.Duration(ms) * time.Millisecond) }
	var p pace
	for _, c := range []struct {
		ms     int
		offset int64
		want   float64
	}{
		{0, 5000, 0},
		{199, 9000, 0},                   // too soon to tell
		{1000, 6000, 1000},               // the first sample counts whole
		{2000, 6000, 600},                // a standstill is seen
		{2100, 9000, 600},                // too soon again
		{3000, 9000, 0.4*3000 + 0.6*600}, // what was too soon is not lost
	} {
		if p = p.next(at(c.ms), c.offset); int64(p.rate) != int64(c.want) {
			t.Errorf("after %d ms: %v bytes/s, want %v", c.ms, p.rate, c.want)
		}
	}
}

var _ Store = (*store.Base)(nil)
