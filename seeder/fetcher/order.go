package fetcher

import (
	"cmp"
	"slices"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// candidate is a peer that a handout names.
type candidate struct {
	trackerapi.Holder
	peer *peer
	// patience is the least time that it may be silent before another one is
	// asked; 0: as its ways are.
	patience time.Duration
}

// standing is what this node itself knows of a peer.
type standing struct {
	pace      pace
	backedOff bool
	doubtful  bool // its last answer was a failure
}

// The order in which peers are asked. Within a class the tracker's ranking
// stays; nobody is left out.
const (
	classFit       = iota
	classSlow      // answers, but others do much sooner
	classBackedOff // has just failed
)

// slowFloor keeps peers that are all quick from being told apart by chance.
const slowFloor = 15 * time.Millisecond

// order sorts candidates by what is known of them. Memories are short, so that
// a peer that was slow or failed gets its turn again.
func order(cs []candidate, know func(candidate) standing) {
	classes := classify(cs, know)
	slices.SortStableFunc(cs, func(a, b candidate) int {
		return cmp.Compare(classes[a.Addr], classes[b.Addr])
	})
}

func classify(cs []candidate, know func(candidate) standing) map[string]int {
	known := make(map[string]standing, len(cs))
	best := time.Duration(-1)
	for _, c := range cs {
		s := know(c)
		known[c.Addr] = s
		if s.pace.samples > 0 && !s.backedOff && (best < 0 || s.pace.p95 < best) {
			best = s.pace.p95
		}
	}
	classes := make(map[string]int, len(cs))
	for addr, s := range known {
		classes[addr] = class(s, best)
	}
	return classes
}

// class compares a peer with the best one at hand; best is negative when no
// peer's pace is known.
func class(s standing, best time.Duration) int {
	switch {
	case s.backedOff:
		return classBackedOff
	case best >= 0 && s.pace.samples > 0 && s.pace.p95 > max(slowFloor, 4*best):
		return classSlow
	default:
		return classFit
	}
}
