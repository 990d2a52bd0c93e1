package announcer

import (
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// weight is how much a key belongs to a tracker (rendezvous hashing: Thaler and
// Ravishankar, 1998). All seeders know a tracker by the same URL, so they
// agree. When a tracker goes, only its own keys move.
func weight(tracker, key string) uint64 {
	return xxhash.Sum64String(tracker + "\x00" + key)
}

// ranked returns the trackers in the order in which they are to be asked about
// a key. The first is the key's own.
func ranked(trackers []*tracker, key string) []*tracker {
	weights := make(map[*tracker]uint64, len(trackers))
	for _, t := range trackers {
		weights[t] = weight(t.base, key)
	}
	order := slices.Clone(trackers)
	slices.SortFunc(order, func(a, b *tracker) int {
		return cmp.Or(cmp.Compare(weights[b], weights[a]), cmp.Compare(a.base, b.base))
	})
	return order
}
