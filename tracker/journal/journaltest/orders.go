package journaltest

import (
	"maps"
	"testing"

	"github.com/drayproject/dray/tracker/journal"
)

func expectOrders(t *testing.T, j journal.Journal, want map[string]int64) {
	t.Helper()
	got, err := j.Orders(t.Context())
	must(t, err)
	if !maps.Equal(got, want) {
		t.Fatalf("got %v; want %v", got, want)
	}
}

func orders(t *testing.T, open func() journal.Journal) {
	a, b := open(), open()
	expectOrders(t, a, nil)
	must(t, a.Order(t.Context(), nil))
	must(t, a.Order(t.Context(), map[string]int64{"x": 1<<62 + 1, "y": 2}))
	must(t, b.Order(t.Context(), map[string]int64{"y": 4, "ñode {z}:1": 3}))
	expectOrders(t, a, map[string]int64{"x": 1<<62 + 1, "y": 4, "ñode {z}:1": 3})
}

// An order may be there before the node's entry, and goes with it.
func ordersEnd(t *testing.T, open func() journal.Journal) {
	j := open()
	must(t, j.Order(t.Context(), map[string]int64{"a": 1, "b": 3, "c": 5}))
	must(t, j.Write(t.Context(), []journal.Entry{Entry("a", 0, 3), Entry("b", 0, 3)}))
	must(t, j.Remove(t.Context(), []string{"a", "c"}))
	expectOrders(t, open(), map[string]int64{"b": 3})
	Expect(t, open(), Entry("b", 0, 3))
}
