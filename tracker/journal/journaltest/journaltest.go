// Package journaltest is the conformance suite of package journal, and a
// [Memory] that passes it, for tests of those who use a journal.
package journaltest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
)

// Run runs the suite. An opener makes an empty common memory for one test, and
// opens it as often as it is called, each time for another tracker.
func Run(t *testing.T, fresh func(t *testing.T) (open func() journal.Journal)) {
	for name, test := range map[string]func(t *testing.T, open func() journal.Journal){
		"an empty memory is empty":                       empty,
		"what one wrote others load":                     loads,
		"a written entry replaces the one before":        replaces,
		"sets of every kind and size":                    kinds,
		"stamps tell what is there":                      stamps,
		"touching changes the stamp alone":               touches,
		"removed nodes are gone":                         removes,
		"writing and removing twice does no harm":        repeats,
		"two who write the same node leave no mixture":   overwrites,
		"history is capped":                              caps,
		"orders are seen by all":                         orders,
		"orders end with the node":                       ordersEnd,
		"trackers see each other's beats":                attends,
		"a forgotten tracker takes its sets alone along": forgets,
		"who was forgotten can go on":                    returns,
		"papers are seen by all":                         papers,
		"a paper that has changed is not overwritten":    paperConflicts,
		"papers have bounds":                             paperBounds,
		"papers that many write lose nothing":            papersAtOnce,
		"one at a time holds the claim":                  claims,
		"of many that claim at once one gets it":         claimsAtOnce,
	} {
		t.Run(name, func(t *testing.T) { test(t, opened(t, fresh(t))) })
	}
}

// opened makes an opener also do what every user has to.
func opened(t *testing.T, open func() journal.Journal) func() journal.Journal {
	return func() journal.Journal {
		j := open()
		t.Cleanup(func() { _ = j.Close() })
		must(t, j.Open(t.Context()))
		return j
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Digest is the i-th of the digests that tests use.
func Digest(i int) digest.Digest { return digest.FromString(fmt.Sprint(i)) }

// Entry is an entry of a node that holds the digests from first on, and one
// image.
func Entry(node string, first, count int) journal.Entry {
	s := &journal.Set{}
	for i := range count {
		s.Digests = append(s.Digests, Digest(first+i))
	}
	s.Images = []trackerapi.Image{{Name: fmt.Sprintf("example.org/app:%d", first), Digest: Digest(first), UpdatedAt: time.UnixMicro(1_700_000_000_000_001 + int64(first)).UTC()}}
	return journal.Entry{
		Node:    trackerapi.Node{Name: node, Epoch: 1_763_880_000_123, Addr: "[fd00::1]:5002", Zone: "z1", Labels: map[string]string{"a/b": "c=d"}, Version: "v1"},
		Heard:   time.Unix(1_763_880_100, 0).UTC(),
		History: []journal.Verdict{{At: time.Unix(1_763_880_001, 0).UTC(), State: "ready", Reason: "register"}},
		Set:     s,
	}
}

// Load is all that can be loaded, by node.
func Load(t *testing.T, j journal.Journal) map[string]journal.Entry {
	t.Helper()
	all := map[string]journal.Entry{}
	for e, err := range j.Load(t.Context()) {
		must(t, err)
		if _, twice := all[e.Node.Name]; twice {
			t.Fatalf("%s was loaded twice", e.Node.Name)
		}
		all[e.Node.Name] = e
	}
	return all
}

// text puts an entry in a form that can be compared.
func text(e journal.Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v heard %s, %v", e.Node, e.Heard, e.History)
	if e.Set == nil {
		return b.String() + ", set unknown"
	}
	images := slices.SortedFunc(slices.Values(e.Set.Images), func(a, b trackerapi.Image) int { return cmp.Compare(a.Name, b.Name) })
	fmt.Fprintf(&b, ", %v, %v", slices.Sorted(slices.Values(e.Set.Digests)), images)
	return b.String()
}

// Expect compares what can be loaded with the entries.
func Expect(t *testing.T, j journal.Journal, want ...journal.Entry) {
	t.Helper()
	got := Load(t, j)
	for _, w := range want {
		g, there := got[w.Node.Name]
		if !there {
			t.Fatalf("%s is not there", w.Node.Name)
		}
		if text(g) != text(w) {
			t.Fatalf("got  %s\nwant %s", text(g), text(w))
		}
	}
	if len(got) != len(want) {
		t.Fatalf("there are %v; want %d", slices.Sorted(maps.Keys(got)), len(want))
	}
}

// Stamps is all stamps, by node.
func Stamps(t *testing.T, j journal.Journal) map[string]journal.Stamp {
	t.Helper()
	all := map[string]journal.Stamp{}
	for shelf := range journal.Shelves {
		some, err := j.Stamps(t.Context(), shelf)
		must(t, err)
		for _, s := range some {
			if journal.Shelf(s.Node) != shelf {
				t.Fatalf("%s lies on shelf %d", s.Node, shelf)
			}
			all[s.Node] = s
		}
	}
	return all
}
