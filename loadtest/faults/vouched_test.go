package faults

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

// The way between a tracker and a node is cut; a node of another zone reaches it.
// So the tracker goes on naming it, last. When nobody reaches it any more, it is
// dead like any other.
func TestNodeThatOnlyTheTrackerDoesNotReachIsNotTakenForDead(t *testing.T) {
	testbed.Require(t)
	t.Parallel()
	// Many intervals between suspicion and death: time for the others' word.
	s := newSite(t, plan{trackers: 1, holders: 3, layer: 1 << 20, small: 1, flags: []string{"--heartbeat-interval=500ms", "--dead-after=6"}})
	tr, cut := s.trackers[0], s.first()
	tr.host.Part(cut.host)
	tr.proc.WaitLog(fmt.Sprintf("msg=\"node answers another that was asked to look\" node=%s ", cut.host.Name), settled)
	s.until(cut.host.Name+" is named last", time.Now(), s.stock.layer, func(names []string) bool {
		return len(names) == len(s.holders) && names[len(names)-1] == cut.host.Name
	})
	<-time.After(5 * time.Second) // silence alone condemns after 3.1
	s.wantAlive(t, append(s.holders, s.asker)...)

	cut.host.Unplug()
	s.gone(cut, time.Now())
	cut.host.Plug()
	s.Rejoin()
	s.waitFirst(cut)
	if !bytes.Contains(tr.proc.Log(), fmt.Appendf(nil, "msg=\"node is dead\" node=%s ", cut.host.Name)) {
		t.Error("it was never taken for dead: the wait before proves nothing")
	}
}
