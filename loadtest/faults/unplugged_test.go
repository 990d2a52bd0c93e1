package faults

import (
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/shared/trackerapi"
)

// Three of four holders are unplugged, and found dead: because others say that
// they don't answer, or by their silence alone, where the gates let so many die
// at once. Of 200 lookups none misses the fourth, and none names another.
func TestLookupsNameOnlyTheHolderThatIsPluggedInOnceTheOthersAreDead(t *testing.T) {
	testbed.Require(t)
	for name, c := range map[string]struct {
		flags []string
		tell  func(i *impostor, n *node, epoch int64)
	}{
		"by reports": {nil, func(i *impostor, n *node, epoch int64) { i.report(n.host.Name, epoch, trackerapi.KindTimeout) }},
		"by silence": {[]string{"--min-arrival=0", "--max-deaths=100"}, func(*impostor, *node, int64) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, plan{trackers: 2, holders: 4, layer: 1 << 20, small: 1, flags: c.flags})
			reader, dying, left := s.impostor(t, "reader"), s.holders[:3], s.holders[3]
			var epochs []int64
			for _, n := range dying {
				epochs = append(epochs, s.epoch(t, n))
			}
			began := time.Now()
			for i, n := range dying {
				n.host.Unplug()
				c.tell(reader, n, epochs[i])
			}
			for _, n := range dying {
				t.Logf("%s is out of the answers after %s", n.host.Name, s.gone(n, began))
			}
			for i := range 200 {
				names, err := s.trackers[i%2].named(t.Context(), s.asker.host.Name, s.stock.layer)
				if err != nil || len(names) != 1 || names[0] != left.host.Name {
					t.Fatalf("lookup %d names %q, %v; want %q alone", i, names, err, left.host.Name)
				}
			}
			s.wantAlive(t, left, s.asker)
		})
	}
}
