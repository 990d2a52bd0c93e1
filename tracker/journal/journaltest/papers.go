package journaltest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drayproject/dray/tracker/journal"
)

// Desk is a tracker's hold on the memory, which has to be one.
func Desk(t testing.TB, j journal.Journal) journal.Desk {
	t.Helper()
	d, ok := j.(journal.Desk)
	if !ok {
		t.Fatalf("%T is not a desk", j)
	}
	return d
}

func put(t *testing.T, d journal.Desk, name string, rev int64, text string) int64 {
	t.Helper()
	rev, err := d.Put(t.Context(), journal.Paper{Kind: journal.Policies, Name: name, Rev: rev, Text: []byte(text)})
	must(t, err)
	return rev
}

func expectPapers(t *testing.T, d journal.Desk, want ...journal.Paper) {
	t.Helper()
	got, latest, err := d.Papers(t.Context(), journal.Policies)
	must(t, err)
	slices.SortFunc(got, func(a, b journal.Paper) int { return cmp.Compare(a.Rev, b.Rev) })
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %v; want %v", got, want)
	}
	alone, err := d.Latest(t.Context(), journal.Policies)
	must(t, err)
	if alone != latest {
		t.Fatalf("the latest revision is %d, and %d", latest, alone)
	}
}

func papers(t *testing.T, open func() journal.Journal) {
	a, b := Desk(t, open()), Desk(t, open())
	expectPapers(t, a)
	one := put(t, a, "base", 0, `{"a": 1}`)
	two := put(t, b, "ñ/x y", 0, "line\nline \x00\xff")
	if two <= one {
		t.Fatalf("revisions go from %d to %d", one, two)
	}
	three := put(t, b, "base", one, "3")
	want := []journal.Paper{{Kind: journal.Policies, Name: "ñ/x y", Rev: two, Text: []byte("line\nline \x00\xff")}, {Kind: journal.Policies, Name: "base", Rev: three, Text: []byte("3")}}
	expectPapers(t, a, want...)
	must(t, a.Drop(t.Context(), want[0]))
	expectPapers(t, b, want[1])
	if latest, err := b.Latest(t.Context(), journal.Policies); err != nil || latest <= three {
		t.Fatalf("a paper went, and the latest revision stays %d (%v)", latest, err)
	}
}

func paperConflicts(t *testing.T, open func() journal.Journal) {
	d := Desk(t, open())
	rev := put(t, d, "base", 0, "1")
	next := put(t, d, "base", rev, "2")
	for _, p := range []journal.Paper{
		{Kind: journal.Policies, Name: "base", Text: []byte("x")}, {Kind: journal.Policies, Name: "base", Rev: rev, Text: []byte("x")},
		{Kind: journal.Policies, Name: "other", Rev: next, Text: []byte("x")}, {Kind: journal.Jobs, Name: "base", Rev: next, Text: []byte("x")},
	} {
		if _, err := d.Put(t.Context(), p); !errors.Is(err, journal.ErrConflict) {
			t.Errorf("%+v: %v", p, err)
		}
		if p.Rev == 0 {
			continue
		}
		if err := d.Drop(t.Context(), p); !errors.Is(err, journal.ErrConflict) {
			t.Errorf("drop %+v: %v", p, err)
		}
	}
	expectPapers(t, d, journal.Paper{Kind: journal.Policies, Name: "base", Rev: next, Text: []byte("2")})
}

func paperBounds(t *testing.T, open func() journal.Journal) {
	d := Desk(t, open())
	large := journal.Paper{Kind: journal.Policies, Name: strings.Repeat("n", journal.MaxPaperName), Text: []byte(strings.Repeat("x", journal.MaxPaper))}
	rev, err := d.Put(t.Context(), large)
	must(t, err)
	large.Rev = rev
	expectPapers(t, d, large)
	for _, p := range []journal.Paper{
		{Kind: journal.Policies, Name: "n", Text: append(large.Text, 'x')}, {Kind: journal.Policies, Text: []byte("x")},
		{Kind: journal.Policies, Name: large.Name + "n", Text: []byte("x")}, {Name: "n", Text: []byte("x")}, {Kind: "a/b", Name: "n", Text: []byte("x")},
	} {
		if _, err := d.Put(t.Context(), p); err == nil {
			t.Errorf("%s/%.10s with %d bytes was taken", p.Kind, p.Name, len(p.Text))
		}
	}
	expectPapers(t, d, large)
}

// Many make a text longer, each on top of what it has read. An attempt that ends
// with another error than a conflict may have been made.
func papersAtOnce(t *testing.T, open func() journal.Journal) {
	const writers, each = 3, 5
	var group sync.WaitGroup
	var unknown atomic.Int64
	for range writers {
		d := Desk(t, open())
		group.Go(func() {
			for done := 0; done < each && unknown.Load() < 100; {
				switch err := count(t, d); {
				case err == nil:
					done++
				case !errors.Is(err, journal.ErrConflict):
					unknown.Add(1)
				}
			}
		})
	}
	group.Wait()
	all, _, err := Desk(t, open()).Papers(t.Context(), journal.Policies)
	must(t, err)
	least := writers * each
	if len(all) != 1 || len(all[0].Text) < least || len(all[0].Text) > least+int(unknown.Load()) {
		t.Fatalf("there are %v after %d changes and %d attempts that nobody knows of", all, least, unknown.Load())
	}
}

func count(t *testing.T, d journal.Desk) error {
	all, _, err := d.Papers(t.Context(), journal.Policies)
	if err != nil {
		return err
	}
	p := journal.Paper{Kind: journal.Policies, Name: "n"}
	if len(all) > 0 {
		p = all[0]
	}
	p.Text = append(p.Text, 'x')
	_, err = d.Put(t.Context(), p)
	return err
}

func claim(t *testing.T, d journal.Desk, hold time.Duration) journal.Claim {
	t.Helper()
	c, err := d.Claim(t.Context(), hold)
	must(t, err)
	return c
}

func claims(t *testing.T, open func() journal.Journal) {
	ja, jb := open(), open()
	a, b := Desk(t, ja), Desk(t, jb)
	first := claim(t, a, time.Minute)
	if first.Holder != ja.ID() || first.Term < 1 {
		t.Fatalf("got %+v", first)
	}
	if got := claim(t, b, time.Minute); got != first {
		t.Fatalf("the other got %+v; want %+v", got, first)
	}
	if got := claim(t, a, time.Minute); got != first {
		t.Fatalf("renewed, it is %+v; want %+v", got, first)
	}
	must(t, b.Resign(t.Context())) // it has nothing to give back
	if got := claim(t, b, time.Minute); got != first {
		t.Fatalf("the other got %+v; want %+v", got, first)
	}
	must(t, a.Resign(t.Context()))
	next := claim(t, b, 20*time.Millisecond)
	if next.Holder != jb.ID() || next.Term <= first.Term {
		t.Fatalf("after the first has resigned: %+v", next)
	}
	for deadline := time.Now().Add(10 * time.Second); ; <-time.After(5 * time.Millisecond) {
		got := claim(t, a, time.Minute)
		if got.Holder == ja.ID() {
			if got.Term <= next.Term {
				t.Fatalf("after the claim has run out: %+v, before %+v", got, next)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a claim does not run out")
		}
	}
}

func claimsAtOnce(t *testing.T, open func() journal.Journal) {
	var group sync.WaitGroup
	var holders atomic.Int64
	for range 8 {
		j := open()
		group.Go(func() {
			if c, err := Desk(t, j).Claim(t.Context(), time.Minute); err != nil {
				t.Error(err)
			} else if c.Holder == j.ID() {
				holders.Add(1)
			}
		})
	}
	group.Wait()
	if n := holders.Load(); n != 1 {
		t.Fatalf("%d hold it", n)
	}
}
