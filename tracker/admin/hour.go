package admin

import (
	"context"
	"time"

	"github.com/drayproject/dray/tracker/events"
)

func (a *Admin) hour(context.Context, *nothing) (Hour, error) {
	var h Hour
	for _, m := range a.Pulls.Hour() {
		h.Items = append(h.Items, showMinute(&m))
	}
	return h, nil
}

func showMinute(m *events.Minute) Minute {
	return Minute{
		At: m.At.UTC(), PeerBytes: m.PeerBytes, OriginBytes: m.OriginBytes,
		Complete: m.Complete, Ended: m.Ended, Lost: m.Lost,
		Timed: len(m.Took), MedianMS: quantile(m.Took, 50), P95MS: quantile(m.Took, 95),
	}
}

// quantile is what so many percent of the times, which are in order, don't
// exceed, in milliseconds.
func quantile(took []time.Duration, percent int) int64 {
	if len(took) == 0 {
		return 0
	}
	return took[(len(took)*percent+99)/100-1].Milliseconds()
}
