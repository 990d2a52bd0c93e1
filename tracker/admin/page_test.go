package admin

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSelectionIsThePageOfTheWholeListInOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		limit, all := 1+r.IntN(10), r.Perm(r.IntN(100))
		after := r.IntN(20)
		s := &selection[int]{limit: limit, order: cmp.Compare[int]}
		for _, i := range all {
			s.add(i, i > after)
		}
		page, more := s.page()
		want := slices.DeleteFunc(slices.Sorted(slices.Values(all)), func(i int) bool { return i <= after })
		if got, first := page, want[:min(limit, len(want))]; !slices.Equal(got, first) || more != (len(want) > limit) || s.total != len(all) {
			t.Fatalf("%d of %v after %d: %v, more %v, total %d", limit, all, after, got, more, s.total)
		}
	}
}

func TestSelectionKeepsLittle(t *testing.T) {
	s := &selection[int]{limit: 10, order: cmp.Compare[int]}
	for i := range 10_000 {
		s.add(10_000-i, true)
		if len(s.kept) > 21 {
			t.Fatalf("%d of %d items are kept for a page of 10", len(s.kept), i)
		}
	}
}
