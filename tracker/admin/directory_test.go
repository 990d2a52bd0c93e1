package admin

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestNamesAreThoseOfTheMomentAfterAnyChanges(t *testing.T) {
	b := newBed(t, nil)
	r := rand.New(rand.NewPCG(1, 1))
	has := map[string]map[string]digest.Digest{} // by node and name
	for round := range 300 {
		node := fmt.Sprint("n", r.IntN(5))
		images := map[string]digest.Digest{}
		for range r.IntN(4) {
			images[fmt.Sprint("app:", r.IntN(6))] = dg(r.IntN(4))
		}
		has[node] = images
		var told []trackerapi.Image
		for name, d := range images {
			told = append(told, trackerapi.Image{Name: name, Digest: d})
		}
		b.add(node, "", nil, told...)
		if r.IntN(3) > 0 { // several changes come between two questions
			continue
		}
		for i := range 4 {
			var want []string
			for _, images := range has {
				for name, d := range images {
					if d == dg(i) {
						want = append(want, name)
					}
				}
			}
			slices.Sort(want)
			found, err := b.named(t.Context(), 100, dg(i))
			if want = slices.Compact(want); err != nil || !slices.Equal(found[dg(i)], want) {
				t.Fatalf("round %d, %v: names %v, %v; want %v", round, dg(i), found[dg(i)], err, want)
			}
		}
	}
}

func TestNamesOfAnInterruptedLookAreFoundTheNextTime(t *testing.T) {
	b := newBed(t, nil)
	for i := range 100 {
		b.add(fmt.Sprint("n", i), "", nil, trackerapi.Image{Name: fmt.Sprint("app:", i), Digest: dg(1)})
	}
	gone, end := context.WithCancel(t.Context())
	end()
	s := &scan{admin: b.Admin} // its spell is over before it begins
	if err := b.names.refresh(gone, s); err == nil {
		t.Fatal("a look that was interrupted says that it is whole")
	}
	found, err := b.named(t.Context(), 1000, dg(1), dg(2))
	if err != nil || len(found[dg(1)]) != 100 || len(slices.Collect(maps.Keys(found))) != 2 {
		t.Fatalf("%d names, %v", len(found[dg(1)]), err)
	}
	if some, _ := b.named(t.Context(), 3, dg(1)); !slices.Equal(some[dg(1)], found[dg(1)][:3]) {
		t.Errorf("the first three are %v", some[dg(1)])
	}
}
