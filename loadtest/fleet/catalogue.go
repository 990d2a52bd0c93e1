package fleet

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/opencontainers/go-digest"
)

// The popularity of images falls off as 1/(rank+flatHead)^steepness.
const (
	steepness = 1.1
	flatHead  = 20

	imagesPerBase = 10
)

// errSmallCatalogue: nodes that hold most of the catalogue are all alike.
var errSmallCatalogue = errors.New("the catalogue is too small for the nodes: want more images or fewer digests")

// catalogue is all there is to hold: images, which share the layers of their
// bases. A digest goes by its number here.
type catalogue struct {
	digests []digest.Digest
	images  []image
}

// image lists an image's digests: manifest, configuration, the layers of its
// base, and its own.
type image struct {
	name    string
	digests []uint32
}

func newCatalogue(images int, r *rand.Rand) *catalogue {
	c := &catalogue{}
	bases := make([][]uint32, max(1, images/imagesPerBase))
	for i := range bases {
		bases[i] = c.more(2 + r.IntN(4))
	}
	for i := range images {
		base := bases[r.IntN(len(bases))]
		digests := slices.Concat(c.more(2), base, c.more(2+r.IntN(7)))
		c.images = append(c.images, image{name: fmt.Sprintf("registry.example/team-%d/app-%d:v%d", i%97, i, i%7), digests: digests})
	}
	return c
}

// more invents n digests.
func (c *catalogue) more(n int) []uint32 {
	numbers := make([]uint32, n)
	for i := range numbers {
		numbers[i] = uint32(len(c.digests))
		c.digests = append(c.digests, digest.FromString(fmt.Sprint("blob ", numbers[i])))
	}
	return numbers
}

// pick chooses images by their popularity until they have m digests, and
// returns the images and the digests, ascending. The last image may be there in
// part.
func (c *catalogue) pick(m int, r *rand.Rand) (images, digests []uint32, err error) {
	if 2*m > len(c.digests) {
		return nil, nil, errSmallCatalogue
	}
	chosen, held := map[uint32]bool{}, map[uint32]bool{}
	popular := rand.NewZipf(r, steepness, flatHead, uint64(len(c.images)-1))
	for len(held) < m {
		i := uint32(popular.Uint64())
		if chosen[i] {
			i = uint32(r.IntN(len(c.images))) // the popular ones run out
		}
		if chosen[i] {
			continue
		}
		chosen[i] = true
		for _, d := range c.images[i].digests {
			if len(held) < m {
				held[d] = true
			}
		}
	}
	return sortedKeys(chosen), sortedKeys(held), nil
}

func sortedKeys(set map[uint32]bool) []uint32 {
	keys := make([]uint32, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
