package faults

import (
	"fmt"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
)

// fault breaks a holder, and mends it.
type fault struct{ strike, heal func(*node) }

// filtered drops packets of the holder.
func filtered(rules ...string) fault {
	return fault{func(n *node) { n.host.Filter(rules...) }, func(n *node) { n.host.Filter() }}
}

var (
	dataPort  = fmt.Sprintf("tcp dport %d drop", testbed.PeerPort)
	dataOut   = fmt.Sprintf("tcp sport %d drop", testbed.PeerPort)
	heartbeat = fmt.Sprintf("tcp dport %d drop", testbed.TrackerPort)
)

// The holder that is sending breaks when half of the blob is there. The pull
// goes on from the others: there is no registry, and nobody asks twice.
func TestPullGoesOnWhenItsParentBreaks(t *testing.T) {
	testbed.Require(t, "nft")
	s := newSite(t, plan{trackers: 1, holders: 3, layer: 32 << 20, small: 1, rate: 400 * testbed.Mbit})
	for name, f := range map[string]fault{
		"stopped":             {func(n *node) { n.seeder.Pause() }, func(n *node) { n.seeder.Resume() }},
		"killed":              {func(n *node) { n.seeder.Kill() }, func(n *node) { n.start() }},
		"unplugged":           {func(n *node) { n.host.Unplug() }, func(n *node) { n.host.Plug() }},
		"data port filtered":  filtered("in "+dataPort, "out "+dataOut),
		"heartbeats filtered": filtered("out " + heartbeat),
		"nothing gets out":    filtered("out ip daddr 10.77.0.0/16 drop"),
		"nothing gets in":     filtered("in ip saddr 10.77.0.0/16 drop"),
		"30 % are lost":       filtered("in numgen random mod 100 < 30 drop"),
	} {
		t.Run(name, func(t *testing.T) {
			s.asker.restart()
			s.waitHolders(len(s.holders))
			before := s.sent()
			half, wait := s.asker.pulling(s.stock.layer, s.stock.size/2)
			<-half
			parent := s.busiest(before)
			f.strike(parent)
			defer f.heal(parent)
			if p := wait(); p.err != nil {
				t.Errorf("%s broke: %v", parent.host.Name, p.err)
			} else {
				t.Logf("%s broke; done after %s, with a pause of %s", parent.host.Name, p.took, p.pause)
			}
		})
	}
}
