package scribe

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/drayproject/dray/tracker/journal/journaltest"
	"github.com/drayproject/dray/tracker/roster"
)

func wantStates(t *testing.T, node string, want roster.State, at ...*tracker) {
	t.Helper()
	for i, tr := range at {
		if n := tr.nodes.ByName(node); n == nil || n.State() != want {
			t.Fatalf("at tracker %d, %s is not %s", i, node, want)
		}
	}
}

func mustOrder(t *testing.T, order func(string) (roster.State, error), node string) {
	t.Helper()
	if _, err := order(node); err != nil {
		t.Fatal(err)
	}
}

func TestADrainReachesTheOtherTrackers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := journaltest.NewMemory()
		a, b := start(t, m), start(t, m)
		nodes := fleet(4, a, b)
		live(3*time.Second, nodes, a, b)
		mustOrder(t, a.nodes.Drain, "n1")
		live(4*time.Second, nodes, a, b)
		wantStates(t, "n1", roster.Draining, a, b)
		wantStates(t, "n2", roster.Ready, a, b)
		mustOrder(t, b.nodes.Undrain, "n1")
		live(4*time.Second, nodes, a, b)
		wantStates(t, "n1", roster.Ready, a, b)
	})
}

func TestATrackerThatStartsKnowsWhoIsDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := journaltest.NewMemory()
		a := start(t, m)
		nodes := fleet(4, a)
		live(3*time.Second, nodes, a)
		mustOrder(t, a.nodes.Drain, "n1")
		live(3*time.Second, nodes, a)
		a.stop()

		b := start(t, m)
		wantStates(t, "n1", roster.Draining, b)
		wantStates(t, "n2", roster.Ready, b)
		live(3*time.Second, nodes, b)
		wantStates(t, "n1", roster.Draining, b)
		mustOrder(t, b.nodes.Undrain, "n1")
		live(3*time.Second, nodes, b)
		wantStates(t, "n1", roster.Ready, b)
	})
}

// The node is back at the moment at which it is heard, although the tracker that
// was told so has not seen it since its own start.
func TestAnUndrainDuringARestartIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := journaltest.NewMemory()
		a, b := start(t, m), start(t, m)
		nodes := fleet(4, a, b)
		live(3*time.Second, nodes, a, b)
		mustOrder(t, a.nodes.Drain, "n1")
		live(4*time.Second, nodes, a, b)
		a.stop()
		mustOrder(t, b.nodes.Undrain, "n1")
		b.stop()
		c := start(t, m)
		live(3*time.Second, nodes, c)
		wantStates(t, "n1", roster.Ready, c)
	})
}

func TestADrainOutlivesTheLossOfTheMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := journaltest.NewMemory()
		a, b := start(t, m), start(t, m)
		nodes := fleet(4, a, b)
		live(3*time.Second, nodes, a, b)
		mustOrder(t, a.nodes.Drain, "n1")
		live(4*time.Second, nodes, a, b)
		m.Flush()
		live(15*time.Second, nodes, a, b)
		wantStates(t, "n1", roster.Draining, a, b)
		a.stop()
		b.stop()
		wantStates(t, "n1", roster.Draining, start(t, m))
	})
}
