package fleet

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

func dice() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func TestImagesShareTheLayersOfTheirBases(t *testing.T) {
	c := newCatalogue(200, dice())
	if len(c.images) != 200 {
		t.Fatalf("%d images", len(c.images))
	}
	users := make([]int, len(c.digests))
	for _, i := range c.images {
		if len(i.digests) < 6 {
			t.Errorf("%s has only %d digests", i.name, len(i.digests))
		}
		for _, d := range i.digests {
			users[d]++
		}
		if users[i.digests[0]] != 1 {
			t.Errorf("%s shares its manifest", i.name)
		}
	}
	if most := slices.Max(users); most < imagesPerBase/2 {
		t.Errorf("no digest is in more than %d images", most)
	}
}

func TestNodesHaveExactlyAsManyDigestsAsTheyShould(t *testing.T) {
	c := newCatalogue(200, dice())
	for _, m := range []int{1, 50, len(c.digests) / 2} {
		_, digests, err := c.pick(m, dice())
		if err != nil || len(digests) != m {
			t.Fatalf("%d digests, %v; want %d", len(digests), err, m)
		}
		if !slices.IsSorted(digests) || len(slices.Compact(digests)) != m {
			t.Fatalf("%d digests are not ascending", m)
		}
	}
	if _, _, err := c.pick(len(c.digests)/2+1, dice()); !errors.Is(err, errSmallCatalogue) {
		t.Fatalf("got %v", err)
	}
}

func TestPopularImagesAreOnMoreNodes(t *testing.T) {
	c := newCatalogue(500, dice())
	r := dice()
	nodes := make([]int, len(c.images))
	for range 200 {
		images, _, err := c.pick(100, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range images {
			nodes[i]++
		}
	}
	sum := func(counts []int) (n int) {
		for _, c := range counts {
			n += c
		}
		return n
	}
	first, last := sum(nodes[:50]), sum(nodes[450:])
	if first < 3*last || last == 0 {
		t.Fatalf("the first 50 images are on %d nodes, the last 50 on %d", first, last)
	}
}
