package faults

import (
	"context"
	"io"

	"github.com/drayproject/dray/loadtest/fleet"
)

const falseDeaths = "false-deaths"

// watchLiving has virtual nodes beat while other work takes every core, and
// counts whom the tracker takes for dead.
func (r *Report) watchLiving(ctx context.Context, progress io.Writer) error {
	r.scene = falseDeaths
	seen, err := fleet.Watch(ctx, fleet.Vigil{Nodes: r.Options.Nodes, Duration: r.Options.Duration}, progress)
	if err != nil {
		return err
	}
	r.add("live nodes taken for dead, every core taken by other work", "nodes", atMost(0), seen.Deaths)
	r.add("live nodes suspected for a moment", "nodes", nil, seen.Suspicions)
	r.add("heartbeats that were answered", "", nil, seen.Heartbeats)
	r.add("time watched", "s", nil, seen.Duration.Seconds())
	return nil
}
