package placement

import (
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// obstacle is why a live node can't be given an image now.
type obstacle struct {
	cause Cause
	text  string
	until time.Time
}

// obstacleTo finds it; nil: there is none.
func (p *planner) obstacleTo(c *claim, node int) *obstacle {
	n := &p.seats[node]
	switch {
	case n.State != Live:
		return &obstacle{cause: CauseNodes, text: n.State.String()}
	case n.Degraded != "":
		return &obstacle{cause: CauseNodes, text: "degraded: " + n.Degraded}
	case n.keeps >= trackerapi.MaxTasks:
		return &obstacle{cause: CauseRoom, text: "keeps as many images as a node may"}
	case !p.fits(n, p.bytes(c.digest)):
		return &obstacle{cause: CauseRoom, text: "no room"}
	case n.tasks >= p.limits.PerNode:
		return &obstacle{cause: CauseBudget, text: "is getting others"}
	}
	here := spot{node, c.image}
	if until, why := p.failedLately(here); why != "" {
		return &obstacle{CauseFailed, "failed: " + why, until}
	}
	if k := p.at[here]; k != nil && !k.Over() && k.meant() != c.digest {
		return &obstacle{cause: CauseBudget, text: "is getting another version"}
	}
	return nil
}

func (p *planner) fits(n *seat, bytes int64) bool {
	left := n.Room.Free - n.taken - bytes
	return n.Room.Total == 0 || float64(left) >= p.limits.Reserve*float64(n.Room.Total)
}

// spoilt counts the nodes that have failed lately, and says when the first may
// try again.
func (p *planner) spoilt(c *claim) (until time.Time, failures int) {
	for _, i := range c.rule.selected {
		if len(p.history) == 0 {
			break
		}
		if t, why := p.failedLately(spot{i, c.image}); why != "" {
			failures++
			if until.IsZero() || t.Before(until) {
				until = t
			}
		}
	}
	return until, failures
}
