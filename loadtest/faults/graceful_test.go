package faults

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

// A holder is told to stop while it sends: no tracker names it from then on, it
// finishes what it sends, and the pull needs nobody else.
func TestHolderThatStopsFinishesWhatItSends(t *testing.T) {
	testbed.Require(t)
	s := newSite(t, plan{trackers: 2, holders: 2, layer: 32 << 20, small: 1, rate: 200 * testbed.Mbit, asker: oneParent})
	before := s.sent()
	half, wait := s.asker.pulling(s.stock.layer, s.stock.size/2)
	<-half
	parent := s.busiest(before)
	began := time.Now()
	var stopping sync.WaitGroup
	stopping.Go(func() { parent.seeder.Terminate(settled) })
	t.Logf("out of the answers after %s", s.gone(parent, began))
	p := wait()
	if p.err != nil {
		t.Fatal(p.err)
	}
	stopping.Wait()
	if !bytes.Contains(parent.seeder.Log(), []byte(`msg="seeder has stopped" error=<nil>`)) {
		t.Errorf("it did not end by itself:\n%s", parent.seeder.Tail(5))
	}
	if sent := s.sent()[parent] - before[parent]; sent < s.stock.size {
		t.Errorf("it has sent %d bytes of %d: others had to help", sent, s.stock.size)
	}
}

// Three of four holders stop as planned. Of 200 lookups afterwards none names one
// of them, and none misses the fourth.
func TestLookupsNameOnlyTheHolderThatIsLeft(t *testing.T) {
	testbed.Require(t)
	s := newSite(t, plan{trackers: 2, holders: 4, layer: 1 << 20, small: 1})
	for _, n := range s.holders[:3] {
		began := time.Now()
		n.seeder.Terminate(settled)
		s.gone(n, began)
	}
	left := s.holders[3].host.Name
	for i := range 200 {
		names, err := s.trackers[i%2].named(t.Context(), s.asker.host.Name, s.stock.layer)
		if err != nil || len(names) != 1 || names[0] != left {
			t.Fatalf("lookup %d names %q, %v; want %q", i, names, err, left)
		}
	}
}

// Every holder is restarted, one after the other, while blobs are pulled without
// a pause: not one pull fails.
func TestRollingRestartFailsNoPull(t *testing.T) {
	testbed.Require(t)
	s := newSite(t, plan{trackers: 2, holders: 3, layer: 1 << 20, small: 50})
	var over atomic.Bool
	var pulls int
	var slowest time.Duration
	var pulling sync.WaitGroup
	pulling.Go(func() {
		for ; !over.Load(); pulls++ {
			p := s.asker.pull(s.stock.fresh(), nil)
			if slowest = max(slowest, p.firstByte); p.err != nil {
				t.Errorf("pull %d: %v", pulls, p.err)
			}
		}
	})
	for _, n := range s.holders {
		n.seeder.Terminate(settled)
		n.start()
		s.until(n.host.Name+" is back", time.Now(), s.stock.layer, func(names []string) bool { return len(names) == len(s.holders) })
	}
	over.Store(true)
	pulling.Wait()
	t.Logf("%d pulls; the slowest first byte came after %s", pulls, slowest)
	if pulls < len(s.holders) {
		t.Error("too few to prove anything")
	}
}
