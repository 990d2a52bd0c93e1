package ingests

import (
	"bytes"
	"io"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store/storetest"
	"github.com/drayproject/dray/shared/trackerapi"
)

// What the mirror hands over is shared before containerd has written any of it,
// whether the ingest or the feed is found first.
func TestWhatIsHandedOverIsSharedAtOnce(t *testing.T) {
	for name, found := range map[string]bool{"before it is found": false, "after it was found": true} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t, quickly)
			w, data, d := b.begin(1, 0)
			if found {
				b.start()
				b.From(d, "a")
				b.expectFollowed(1)
			}
			f := b.Feed(d, 0, size)
			f.Write(data[:400])
			if !found {
				b.From(d, "a")
				b.start()
			}
			b.expectTold(trackerapi.Ingest{Digest: d, Offset: 400, Size: size, Parent: "a"})
			g, err := b.Open(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = g.Close() }()
			r, err := g.Reader(0, 400)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data[:400]) {
				t.Fatalf("%d bytes, or wrong ones: %v", len(got), err)
			}
			f.Write(data[400:])
			f.Close()
			b.write(w, data)
			if err := b.commit(w, d); err != nil {
				t.Fatal(err)
			}
			b.expectTold(trackerapi.Ingest{Digest: d, Offset: size, Size: size, Parent: "a", Ended: true})
			storetest.Eventually(t, "the feed is let go", func() bool { return b.held() == 0 })
		})
	}
}

func (b *bed) held() int {
	b.Ingests.mu.Lock()
	defer b.Ingests.mu.Unlock()
	return len(b.feeds)
}

func TestFeedsAreBounded(t *testing.T) {
	b := newBed(t, quickly)
	d := digest.FromString("d")
	first := b.Feed(d, 0, size)
	if first == nil || b.Feed(d, 0, size) != nil {
		t.Error("want one feed for a digest")
	}
	first.Close()
	if b.Feed(d, 10, size) == nil {
		t.Error("want another one when the first has ended")
	}
	for i := range 2 * maxFeeds {
		b.Feed(digest.FromString(string(rune('a'+i))), 0, size).Write([]byte("x"))
	}
	if n := b.held(); n != maxFeeds {
		t.Errorf("%d feeds", n)
	}
}
