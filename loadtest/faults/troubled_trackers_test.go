package faults

import (
	"slices"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

// Each of five trackers has a trouble of its own, and every node lives. No
// tracker takes one for dead, then or afterwards.
func TestTrackersInTroubleTakeNobodyForDead(t *testing.T) {
	testbed.Require(t, "nft")
	t.Parallel() // it waits for a minute
	s := newSite(t, plan{trackers: 5, holders: 9, layer: 1 << 20, small: 1})
	briefly, long, cutOff, restarted, moved := s.trackers[0], s.trackers[1], s.trackers[2], s.trackers[3], s.trackers[4]
	moved.proc.Kill()
	moved.proc = s.startSkewed(t, moved.host)

	briefly.proc.Pause()
	long.proc.Pause()
	for _, n := range s.holders { // nine of ten nodes
		n.host.Filter("out ip daddr "+cutOff.host.Addr.String()+" drop", "in ip saddr "+cutOff.host.Addr.String()+" drop")
	}
	restarted.proc.Kill()
	restarted.proc = s.Tracker(restarted.host)
	<-time.After(10 * time.Second)
	briefly.proc.Resume()
	<-time.After(50 * time.Second)
	long.proc.Resume()
	for _, n := range s.holders {
		n.host.Filter()
	}
	moved.proc.WaitLog(skewed, settled)

	s.waitHolders(len(s.holders))
	<-time.After(4 * time.Second) // silence has been weighed by then
	s.wantAlive(t, append(slices.Clone(s.holders), s.asker)...)
}
