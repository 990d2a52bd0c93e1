package guard

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/store/containerd"
	"github.com/drayproject/dray/seeder/store/embedded"
	"github.com/drayproject/dray/seeder/store/storetest"
	"github.com/drayproject/dray/seeder/store/storetest/containerdtest"
)

var discard = slog.New(slog.DiscardHandler)

// onEveryStore runs a test on the embedded store and on a containerd.
func onEveryStore(t *testing.T, test func(*testing.T, storetest.Store)) {
	t.Run("embedded", func(t *testing.T) {
		s, err := embedded.New(t.Context(), t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		test(t, s)
	})
	t.Run("containerd", func(t *testing.T) {
		c := containerdtest.Start(t)
		test(t, connect(t, c.Address, c.ContentPath))
	})
}

func connect(t *testing.T, address, contentPath string) storetest.Store {
	t.Helper()
	s, err := containerd.New(containerd.Config{Address: address, ContentPath: contentPath}, discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	storetest.Eventually(t, "ready", func() bool { return s.Ready(t.Context()) == nil })
	return s
}

// start runs a guard, with accusations going to the channel.
func start(t *testing.T, s Store, change func(*timing)) (*Guard, <-chan []string) {
	t.Helper()
	accused := make(chan []string, 10)
	g := New(s, func(_ digest.Digest, sources []string) { accused <- sources }, discard, nil)
	change(&g.timing)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- g.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return g, accused
}

func fast(tm *timing) { tm.first, tm.grace = 20*time.Millisecond, 20*time.Millisecond }

func count(t *testing.T, s Store, d digest.Digest) int {
	t.Helper()
	list, err := s.Ingests(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func spoiled(data []byte) []byte {
	wrong := slices.Clone(data)
	wrong[len(wrong)/2] ^= 1
	return wrong
}

func TestAPoisonedIngestIsAbortedAndItsSourcesAccused(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s storetest.Store) {
		g, accused := start(t, s, fast)
		data := storetest.Random(1, 1<<20)
		d := digest.FromBytes(data)
		storetest.Poison(t, s, d, spoiled(data))
		g.Watch(d, []string{"a", "b"})
		g.Watch(d, []string{"b", "c"})
		storetest.Eventually(t, "the ingest is gone", func() bool { return count(t, s, d) == 0 })
		if got := <-accused; !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("accused are %v", got)
		}
		storetest.Put(t, s, data) // the next pull
	})
}

func TestAnIngestThatIsPoisonedLaterIsAborted(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s storetest.Store) {
		g, accused := start(t, s, fast)
		data := storetest.Random(2, 1<<20)
		d, wrong := digest.FromBytes(data), spoiled(data)
		w := storetest.Begin(t, s, d, len(data), wrong[:700_000])
		g.Watch(d, []string{"a"}) // the relay ended here; the rest comes from elsewhere
		if _, err := w.Write(wrong[700_000:]); err != nil {
			t.Fatal(err)
		}
		if err := w.Commit(s.WithContext(t.Context()), int64(len(data)), d); err == nil {
			t.Fatal("wrong bytes were committed")
		}
		storetest.Eventually(t, "the ingest is gone", func() bool { return count(t, s, d) == 0 })
		if got := <-accused; !slices.Equal(got, []string{"a"}) {
			t.Errorf("accused are %v", got)
		}
	})
}

func TestRightBytesAreLeftAlone(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s storetest.Store) {
		g, accused := start(t, s, fast)
		data := storetest.Random(3, 1<<20)
		d := digest.FromBytes(data)
		w := storetest.Begin(t, s, d, len(data), data)
		g.Watch(d, []string{"a"})

		// When one that came later is cured, the guard has had its time.
		other := digest.FromString("other")
		storetest.Poison(t, s, other, []byte("wrong"))
		g.Watch(other, nil)
		storetest.Eventually(t, "the other is gone", func() bool { return count(t, s, other) == 0 })

		if err := w.Commit(s.WithContext(t.Context()), int64(len(data)), d); err != nil {
			t.Errorf("the commit fails: %v", err)
		}
		if len(accused) != 0 {
			t.Errorf("accused are %v", <-accused)
		}
	})
}

func TestAbortNowAbortsAtOnce(t *testing.T) {
	onEveryStore(t, func(t *testing.T, s storetest.Store) {
		g := New(s, nil, discard, nil)
		data := storetest.Random(4, 1000)
		d := digest.FromBytes(data)
		storetest.Poison(t, s, d, spoiled(data))
		g.AbortNow(t.Context(), d)
		if n := count(t, s, d); n != 0 {
			t.Fatalf("%d ingests are left", n)
		}
		g.AbortNow(t.Context(), d) // nothing there: nothing to do
		storetest.Put(t, s, data)
	})
}

func TestAnIngestThatCannotBeReadIsAbortedWhenItIsStuck(t *testing.T) {
	c := containerdtest.Start(t)
	s := connect(t, c.Address, filepath.Join(t.TempDir(), "unknown"))
	g, accused := start(t, s, func(tm *timing) { fast(tm); tm.stuck = 200 * time.Millisecond })
	data := storetest.Random(5, 1000)
	d := digest.FromBytes(data)
	storetest.Poison(t, s, d, spoiled(data))
	g.Watch(d, []string{"a"})
	storetest.Eventually(t, "the ingest is gone", func() bool { return count(t, s, d) == 0 })
	if len(accused) != 0 {
		t.Errorf("accused without evidence: %v", <-accused)
	}
}

var _ Store = (*store.Base)(nil)
