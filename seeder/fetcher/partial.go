package fetcher

import (
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// What is different about a parent that has only the beginning of the blob yet.
const (
	// partialStall is the silence after which it is asked whether it lives, for
	// aliveWait. Longer ones are usual: containerd writes its ingests in steps of
	// 1 MiB, which take 80 ms at 100 Mbit/s, and more where layers share a link.
	// Each node that the bytes pass on their way gets stallPerDepth on top, so
	// that the child of a dead node moves, and those behind it do not.
	partialStall  = 50 * time.Millisecond
	stallPerDepth = 20 * time.Millisecond
	deepest       = 3

	// partialMiss is how long one that could not send the next byte is not
	// asked again: it may have it in the next moment.
	partialMiss = 500 * time.Millisecond

	// partialHedge is how long it may take for the first byte. Its place was
	// chosen with care, and another parent's is not free.
	partialHedge = 60 * time.Millisecond
)

// minStall is the shortest silence of this parent that counts as a stall.
func (c candidate) minStall(least time.Duration) time.Duration {
	if !c.Partial {
		return least
	}
	return max(least, partialStall+time.Duration(min(c.Depth, deepest))*stallPerDepth)
}

// stallLimit is how long a body may stand still with this parent.
func (c Config) stallLimit(p candidate) time.Duration {
	if p.Partial {
		return min(c.PartialStallLimit, c.StallLimit)
	}
	return c.StallLimit
}

func (c candidate) missMemory() time.Duration {
	if c.Partial {
		return partialMiss
	}
	return missMemory
}

// hedge is how long the candidate may be silent before another one is asked.
func (c candidate) hedge() time.Duration {
	d := c.peer.standing().pace.hedge()
	if c.Partial {
		d = max(d, partialHedge)
	}
	return max(d, c.patience)
}

// grows tells whether the parent's blob is still on its way: who waited for its
// end might wait for longer than a client does for headers.
func (b *body) grows() bool { return b.parent != nil && b.parent.Partial }

// joinResult names an answer, for the metrics.
func joinResult(r trackerapi.JoinResponse, err error) string {
	switch {
	case err != nil:
		return "failed"
	case len(r.Handout) > 0:
		return "parents"
	case r.Lease:
		return "lease"
	case r.Free:
		return "free"
	case r.Busy:
		return "busy"
	}
	return "none"
}
