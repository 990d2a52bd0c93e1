package index

import (
	"cmp"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// among makes a set out of a list.
func among(nodes ...uint32) *Among { return NewAmong(slices.Values(nodes)) }

// counts is what a census says of each digest.
func counts(x *Index, enough int, now, left *Among) map[digest.Digest][2]int {
	all := map[digest.Digest][2]int{}
	for c := range x.Census(enough, now, left) {
		all[c.Name.Digest()] = [2]int{c.Now, c.Left}
	}
	return all
}

func TestCensusCountsThoseThatCountOfEveryDigest(t *testing.T) {
	x := New()
	many := make([]uint32, 0, 6000)
	for n := range uint32(6000) { // more than a list is for
		mustApply(t, x, n, whole(1, dgs(1)))
		if n%2 == 0 {
			many = append(many, n)
		}
	}
	mustApply(t, x, 6000, whole(1, dgs(2, 3)))
	mustApply(t, x, 70_000, whole(1, append(dgs(2, 4), "sha512:aa")))
	mustApply(t, x, 70_001, whole(1, dgs(5)))
	x.Forget(70_001)
	x.Accuse(6000, dg(3), trackerapi.KindMiss)

	now, left := among(append(slices.Clone(many), 6000, 70_000, 80_000)...), among(6000, 2)
	want := map[digest.Digest][2]int{dg(1): {3000, 1}, dg(2): {2, 1}, dg(3): {0, 0}, dg(4): {1, 0}, "sha512:aa": {1, 0}}
	if got := counts(x, 9999, now, left); !maps.Equal(got, want) {
		t.Errorf("counted %v; want %v", got, want)
	}
	if got := counts(x, 2, now, left); got[dg(1)] != [2]int{2, 1} || got[dg(2)] != [2]int{2, 1} {
		t.Errorf("counted %v although two are enough", got)
	}
	for d, w := range want {
		if got := x.CountHolders(d, now); got != w[0] {
			t.Errorf("%v has %d holders that count; want %d", d, got, w[0])
		}
	}
	if got := x.CountHolders(dg(5), now) + x.CountHolders(dg(1), among()); got != 0 {
		t.Errorf("%d holders; want none", got)
	}
}

func TestCensusOfOneSetSaysTheSameTwice(t *testing.T) {
	x := New()
	for n := range uint32(3) {
		mustApply(t, x, n, whole(1, dgs(1, 2)[:1+n%2]))
	}
	set := among(0, 1, 2)
	want := map[digest.Digest][2]int{dg(1): {2, 2}, dg(2): {1, 1}}
	if got := counts(x, 2, set, set); !maps.Equal(got, want) {
		t.Errorf("counted %v; want %v", got, want)
	}
}

func TestCensusCanBeLeft(t *testing.T) {
	x := New()
	mustApply(t, x, 1, whole(1, dgs(1, 2, 3, 4)))
	seen := 0
	for range x.Census(9, among(1), among(1)) {
		if seen++; seen == 2 {
			break
		}
	}
	mustApply(t, x, 1, whole(2, dgs(1))) // nothing is locked any more
}

func TestCensusOfANameCountsByDigest(t *testing.T) {
	x := New()
	for node, d := range []int{1, 2, 1, 1, 2, 3} {
		mustApply(t, x, uint32(node), whole(1, nil, trackerapi.Image{Name: "a", Digest: dg(d), UpdatedAt: time.Unix(int64(node), 0)}))
	}
	want := []CountedTag{{dg(2), 1, 1}, {dg(1), 2, 1}}
	if got := x.CensusOf("a", among(0, 1, 3), among(3, 4, 99)); !slices.Equal(got, want) {
		t.Errorf("counted %v; want %v", got, want)
	}
	if got := x.CensusOf("b", among(0), among(0)); len(got) != 0 {
		t.Errorf("counted %v of what nobody has", got)
	}
}

func TestNamesHaveTheOrderOfDigests(t *testing.T) {
	all := append(dgs(1, 2, 3, 4, 5), "sha512:aa", "sha1:bb", "sha256:short", "zz:1")
	for _, a := range all {
		if back := NameOf(a).Digest(); back != a {
			t.Errorf("%v becomes %v", a, back)
		}
		for end := range len(a) + 1 {
			if n := NameOf(a); !n.HasPrefix(string(a[:end])) || n.HasPrefix(string(a[:end])+"/") {
				t.Errorf("%v does not begin with its first %d, or with more", a, end)
			}
		}
		for _, b := range all {
			if got, want := NameOf(a).Compare(NameOf(b)), cmp.Compare(a, b); got != want {
				t.Errorf("%v and %v: %d; want %d", a, b, got, want)
			}
		}
	}
}
