package journaltest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
)

func empty(t *testing.T, open func() journal.Journal) {
	j := open()
	Expect(t, j)
	if all := Stamps(t, j); len(all) > 0 {
		t.Fatalf("there are stamps: %v", all)
	}
	if len(j.ID()) != 16 || j.ID() == open().ID() {
		t.Fatalf("the ID is %q", j.ID())
	}
}

func fleet(n int) (all []journal.Entry) {
	for i := range n {
		all = append(all, Entry(fmt.Sprintf("node-%03d", i), i%7, 20+i%5))
	}
	return all
}

func loads(t *testing.T, open func() journal.Journal) {
	want := fleet(200)
	j := open()
	for some := range slices.Chunk(want, 50) {
		must(t, j.Write(t.Context(), some))
	}
	Expect(t, j, want...)
	Expect(t, open(), want...)
}

func replaces(t *testing.T, open func() journal.Journal) {
	j := open()
	must(t, j.Write(t.Context(), []journal.Entry{Entry("a", 0, 30), Entry("b", 0, 30)}))
	next := Entry("a", 20, 15)
	next.Node.Epoch++
	next.Node.Labels = nil
	next.Heard = next.Heard.Add(time.Hour)
	must(t, j.Write(t.Context(), []journal.Entry{next}))
	Expect(t, open(), next, Entry("b", 0, 30))
}

func kinds(t *testing.T, open func() journal.Journal) {
	bare := journal.Entry{Node: trackerapi.Node{Name: "bare", Addr: "h:1"}, Heard: time.Unix(0, 0).UTC(), Set: &journal.Set{}}
	odd := Entry("odd – ñode {x}:1", 5, 3)
	odd.Set.Digests = append(odd.Set.Digests, digest.SHA512.FromString("x"), digest.SHA384.FromString("x"))
	odd.Set.Images = append(odd.Set.Images,
		trackerapi.Image{Name: "moved", Digest: digest.SHA512.FromString("y"), UpdatedAt: time.UnixMicro(-5).UTC()},
		trackerapi.Image{Name: "not held", Digest: Digest(999), UpdatedAt: time.UnixMicro(0).UTC()},
		trackerapi.Image{Name: "undated", Digest: Digest(999), UpdatedAt: time.Time{}})
	huge := Entry("huge", 100, 20_000)
	j := open()
	must(t, j.Write(t.Context(), []journal.Entry{bare, odd}))
	must(t, j.Write(t.Context(), []journal.Entry{huge}))
	Expect(t, open(), bare, odd, huge)
}

func stamps(t *testing.T, open func() journal.Journal) {
	j := open()
	want := fleet(100)
	must(t, j.Write(t.Context(), want))
	got := Stamps(t, open())
	for _, e := range want {
		w := journal.Stamp{Node: e.Node.Name, Epoch: e.Node.Epoch, Hash: e.Set.Hash(), Heard: e.Heard, Writer: j.ID()}
		if got[e.Node.Name] != w {
			t.Fatalf("got %+v; want %+v", got[e.Node.Name], w)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("there are %d stamps; want %d", len(got), len(want))
	}
}

func touches(t *testing.T, open func() journal.Journal) {
	j := open()
	e := Entry("a", 1, 4)
	must(t, j.Write(t.Context(), []journal.Entry{e, Entry("b", 1, 4)}))
	s := Stamps(t, j)["a"]
	s.Heard = s.Heard.Add(time.Minute)
	must(t, j.Touch(t.Context(), []journal.Stamp{s}))
	e.Heard = s.Heard
	if got := Stamps(t, j)["a"]; got != s {
		t.Fatalf("got %+v; want %+v", got, s)
	}
	Expect(t, open(), e, Entry("b", 1, 4))
}

func removes(t *testing.T, open func() journal.Journal) {
	j := open()
	must(t, j.Write(t.Context(), fleet(10)))
	var gone []string
	for _, e := range fleet(9) {
		gone = append(gone, e.Node.Name)
	}
	must(t, j.Remove(t.Context(), gone))
	Expect(t, open(), fleet(10)[9])
	if left := slices.Collect(maps.Keys(Stamps(t, j))); len(left) != 1 {
		t.Fatalf("there are stamps of %v", left)
	}
}

func repeats(t *testing.T, open func() journal.Journal) {
	j := open()
	for range 2 {
		must(t, j.Write(t.Context(), fleet(10)))
	}
	Expect(t, j, fleet(10)...)
	for range 2 {
		must(t, j.Remove(t.Context(), []string{"node-000", "nobody"}))
	}
	Expect(t, j, fleet(10)[1:]...)
	must(t, j.Write(t.Context(), nil))
	must(t, j.Touch(t.Context(), nil))
	must(t, j.Remove(t.Context(), nil))
}

func overwrites(t *testing.T, open func() journal.Journal) {
	a, b := open(), open()
	// Each has met other digests before, and numbers them differently.
	must(t, a.Write(t.Context(), []journal.Entry{Entry("of a", 0, 50), Entry("both", 10, 30)}))
	must(t, b.Write(t.Context(), []journal.Entry{Entry("of b", 40, 50), Entry("both", 20, 30)}))
	Expect(t, open(), Entry("of a", 0, 50), Entry("of b", 40, 50), Entry("both", 20, 30))
	if got := Stamps(t, a)["both"]; got.Writer != b.ID() {
		t.Fatalf("the writer is %s; want %s", got.Writer, b.ID())
	}
	must(t, a.Write(t.Context(), []journal.Entry{Entry("both", 10, 31)}))
	Expect(t, b, Entry("of a", 0, 50), Entry("of b", 40, 50), Entry("both", 10, 31))
}

func caps(t *testing.T, open func() journal.Journal) {
	e := Entry("a", 1, 1)
	for i := range 2 * journal.MaxHistory {
		e.History = append(e.History, journal.Verdict{At: time.Unix(int64(i), 0).UTC(), State: "dead", Reason: "missed_heartbeats"})
	}
	j := open()
	must(t, j.Write(t.Context(), []journal.Entry{e}))
	e.History = e.History[len(e.History)-journal.MaxHistory:]
	Expect(t, j, e)
}
