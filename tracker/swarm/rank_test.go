package swarm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/drayproject/dray/shared/trackerapi"
)

func candidate(name string, near, suspect bool, uploads int) Candidate {
	return Candidate{Node: &trackerapi.Node{Name: name}, Near: near, Suspect: suspect, Uploads: uploads}
}

func full(name string, near bool, uploads int) Candidate {
	c := candidate(name, near, false, uploads)
	c.Busy = true
	return c
}

func degraded(name string, near bool) Candidate {
	c := full(name, near, 0)
	c.Degraded = true
	return c
}

func names(all []Candidate) (s []string) {
	for _, c := range all {
		s = append(s, c.Node.Name)
	}
	return s
}

func seeded() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func TestRankOrder(t *testing.T) {
	inOrder := []Candidate{
		candidate("near idle", true, false, 0),
		candidate("near busy", true, false, 9),
		candidate("far idle", false, false, 0),
		candidate("far busy", false, false, 9),
		full("near full", true, 9),
		full("far full", false, 0),
		degraded("near degraded", true),
		degraded("far degraded", false),
		candidate("near suspect", true, true, 5),
		candidate("far suspect idle", false, true, 0),
		candidate("far suspect busy", false, true, 1),
	}
	r := seeded()
	for range 50 {
		mixed := slices.Clone(inOrder)
		r.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		for _, n := range []int{1, 4, 16} {
			got := names(Rank(slices.Clone(mixed), n, r))
			if want := names(inOrder[:min(n, len(inOrder))]); !slices.Equal(got, want) {
				t.Fatalf("%d of %v are %v; want %v", n, names(mixed), got, want)
			}
		}
	}
	if got := Rank(nil, 4, r); len(got) != 0 {
		t.Fatalf("of nobody %v are left", got)
	}
}

func TestTheStableComeFirstAmongTheEquallyLoaded(t *testing.T) {
	stable := func(name string, uploads int, stability float64) Candidate {
		c := candidate(name, true, false, uploads)
		c.Stability = stability
		return c
	}
	inOrder := []Candidate{stable("old", 1, 1), stable("worn", 1, 0.6), stable("flapping", 1, 0.1), stable("busy", 2, 1)}
	r := seeded()
	for range 50 {
		if got := names(Rank(slices.Clone(inOrder), 4, r)); !slices.Equal(got, names(inOrder)) {
			t.Fatalf("got %v", got)
		}
	}
	almost := []Candidate{stable("a", 0, 0.76), stable("b", 0, 0.99)}
	first := map[string]bool{}
	for range 50 {
		first[Rank(almost, 1, r)[0].Node.Name] = true
	}
	if len(first) != 2 {
		t.Error("a small difference in stability keeps a node from its share")
	}
}

func TestEqualsShareTheWork(t *testing.T) {
	first := map[string]int{}
	r := seeded()
	const rounds, equals = 10_000, 5
	for range rounds {
		var all []Candidate
		for i := range equals {
			all = append(all, candidate(fmt.Sprint(i), true, false, 3))
		}
		first[Rank(all, 1, r)[0].Node.Name]++
	}
	for name, n := range first {
		if n < rounds/equals*8/10 || n > rounds/equals*12/10 {
			t.Errorf("%s was first %d times of %d", name, n, rounds)
		}
	}
}

// crowd is a number of holders, as look sees them, and counts the looks.
type crowd struct {
	of    func(i uint32) (Candidate, bool)
	size  uint32
	looks int
}

func (c *crowd) gather(n int) []Candidate {
	holders := func(yield func(uint32) bool) {
		for i := uint32(0); i < c.size && yield(i); i++ {
			continue
		}
	}
	return Gather(holders, func(i uint32) (Candidate, bool) { c.looks++; return c.of(i) }, n)
}

func TestGatherStopsWhenItHasSeenEnough(t *testing.T) {
	const n = 4
	for name, c := range map[string]struct {
		of    func(uint32) (Candidate, bool)
		looks int
		kept  int
	}{
		"all near":                {func(uint32) (Candidate, bool) { return candidate("", true, false, 0), true }, choice * n, choice * n},
		"all far":                 {func(uint32) (Candidate, bool) { return candidate("", false, false, 0), true }, window, choice * n},
		"every third near":        {func(i uint32) (Candidate, bool) { return candidate("", i%3 == 2, false, 0), true }, 3 * choice * n, 2 * choice * n},
		"the dead do not count":   {func(i uint32) (Candidate, bool) { return candidate("", false, false, 0), i%2 == 1 }, 2 * window, choice * n},
		"nor do suspects":         {func(i uint32) (Candidate, bool) { return candidate("", false, i%2 == 0, 0), true }, 2 * window, 2 * choice * n},
		"all suspect":             {func(uint32) (Candidate, bool) { return candidate("", false, true, 0), true }, 15_000, choice * n},
		"nobody":                  {func(uint32) (c Candidate, ok bool) { return c, false }, 15_000, 0},
		"only the last one lives": {func(i uint32) (Candidate, bool) { return candidate("", false, false, 0), i == 14_999 }, 15_000, 1},
	} {
		t.Run(name, func(t *testing.T) {
			crowd := &crowd{of: c.of, size: 15_000}
			kept := crowd.gather(n)
			if crowd.looks != c.looks || len(kept) != c.kept {
				t.Fatalf("looked at %d, kept %d; want %d, %d", crowd.looks, len(kept), c.looks, c.kept)
			}
		})
	}
}

func TestGatherKeepsTheNearBehindManyFar(t *testing.T) {
	c := &crowd{size: 200, of: func(i uint32) (Candidate, bool) {
		return candidate(fmt.Sprint(i), i == 199, false, 0), true
	}}
	if got := Rank(c.gather(1), 1, seeded()); got[0].Node.Name != "199" {
		t.Fatalf("got %v", names(got))
	}
}
