package journaltest

import (
	"maps"
	"testing"

	"github.com/drayproject/dray/tracker/journal"
)

func attend(t *testing.T, j journal.Journal, beat int64) map[string]int64 {
	t.Helper()
	beats, err := j.Attend(t.Context(), beat)
	must(t, err)
	return beats
}

func attends(t *testing.T, open func() journal.Journal) {
	a, b := open(), open()
	attend(t, a, 1)
	if got, want := attend(t, b, 7), (map[string]int64{a.ID(): 1, b.ID(): 7}); !maps.Equal(got, want) {
		t.Fatalf("got %v; want %v", got, want)
	}
	if got, want := attend(t, a, 2), (map[string]int64{a.ID(): 2, b.ID(): 7}); !maps.Equal(got, want) {
		t.Fatalf("got %v; want %v", got, want)
	}
}

func forgets(t *testing.T, open func() journal.Journal) {
	a, b := open(), open()
	attend(t, a, 1)
	attend(t, b, 1)
	must(t, a.Write(t.Context(), []journal.Entry{Entry("left", 0, 10), Entry("taken over", 5, 10)}))
	must(t, b.Write(t.Context(), []journal.Entry{Entry("taken over", 5, 10), Entry("of b", 8, 10)}))
	must(t, b.Forget(t.Context(), a.ID()))
	if got := attend(t, b, 2); len(got) != 1 {
		t.Fatalf("there are %v", got)
	}
	left := Entry("left", 0, 10)
	left.Set = nil
	Expect(t, open(), left, Entry("taken over", 5, 10), Entry("of b", 8, 10))
}

func returns(t *testing.T, open func() journal.Journal) {
	a, b := open(), open()
	must(t, a.Write(t.Context(), []journal.Entry{Entry("a", 0, 10)}))
	must(t, b.Forget(t.Context(), a.ID()))
	must(t, a.Write(t.Context(), []journal.Entry{Entry("a", 3, 10)}))
	Expect(t, b, Entry("a", 3, 10))
	if got := attend(t, a, 9); got[a.ID()] != 9 {
		t.Fatalf("there are %v", got)
	}
}
