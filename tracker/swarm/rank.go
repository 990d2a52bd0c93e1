package swarm

import (
	"cmp"
	"iter"
	"math/rand/v2"
	"slices"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	choice = 4   // candidates for every holder wanted
	window = 256 // live holders that are looked at while too few are near
)

// Candidate is a holder that may be part of a handout.
type Candidate struct {
	Node    *trackerapi.Node
	Ordinal uint32
	Uploads int  // blobs that it is sending
	Near    bool // it is in the asker's zone
	// Stability is from 0 to 1; only coarse differences count.
	Stability float64
	Busy      bool // it would send another one away just now
	Degraded  bool // it is up, but can't serve well
	Suspect   bool // or one that the asker has had trouble with
}

// The classes of candidates, the best first.
const (
	nearReady = iota
	farReady
	nearBusy
	farBusy
	nearDegraded
	farDegraded
	nearSuspect
	farSuspect
	classes
)

func (c *Candidate) class() int {
	class := nearReady
	if !c.Near {
		class = farReady
	}
	switch {
	case c.Suspect:
		class += nearSuspect
	case c.Degraded:
		class += nearDegraded
	case c.Busy:
		class += nearBusy
	}
	return class
}

// steps is the stability in quarters.
func (c *Candidate) steps() int { return int(4 * c.Stability) }

// Gather collects candidates for a handout of n. look says what is known of a
// holder, and whether it may be used.
func Gather(holders iter.Seq[uint32], look func(uint32) (Candidate, bool), n int) []Candidate {
	return gatherInto(nil, holders, look, n)
}

// gatherInto uses the room of kept, if that is enough.
func gatherInto(kept []Candidate, holders iter.Seq[uint32], look func(uint32) (Candidate, bool), n int) []Candidate {
	enough := choice * n
	kept = slices.Grow(kept[:0], 2*enough)
	var seen [classes]int
	for holder := range holders {
		c, usable := look(holder)
		if !usable {
			continue
		}
		class := c.class()
		if seen[class]++; seen[class] <= enough {
			kept = append(kept, c)
		}
		if seen[nearReady] == enough || seen[nearReady]+seen[farReady] == window {
			break
		}
	}
	return kept
}

// Rank puts the best candidates first and leaves at most n: those who are well
// before the busy, those before the degraded, and suspects last; the asker's
// zone before others, the less loaded before the more loaded, the stable before
// the unstable. Among equals chance decides, so that they share the work. It
// sorts in place.
func Rank(candidates []Candidate, n int, r *rand.Rand) []Candidate {
	r.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
	slices.SortStableFunc(candidates, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.class(), b.class()), cmp.Compare(a.Uploads, b.Uploads), cmp.Compare(b.steps(), a.steps()))
	})
	return candidates[:min(n, len(candidates))]
}
