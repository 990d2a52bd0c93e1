package faults

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

// A holder is drained through the admin API while it sends: no tracker names it
// from then on, it finishes what it sends, and the next pull comes from another.
// Once it is undrained, it is named as before.
func TestHolderThatIsDrainedFinishesWhatItSends(t *testing.T) {
	testbed.Require(t)
	t.Parallel()
	s := newSite(t, plan{trackers: 2, holders: 3, layer: 32 << 20, small: 1, rate: 200 * testbed.Mbit, asker: oneParent})
	before := s.sent()
	half, wait := s.asker.pulling(s.stock.layer, s.stock.size/2)
	<-half
	parent := s.busiest(before)
	began := time.Now()
	s.order(parent, "drain")
	t.Logf("%s is out of the answers after %s", parent.host.Name, s.gone(parent, began))
	if p := wait(); p.err != nil {
		t.Fatal(p.err)
	}
	if sent := s.sent()[parent] - before[parent]; sent < s.stock.size {
		t.Errorf("it has sent %d bytes of %d: others had to help", sent, s.stock.size)
	}
	before = s.sent()
	if p := s.asker.pull(s.stock.fresh(), nil); p.err != nil {
		t.Error(p.err)
	}
	if s.busiest(before) == parent {
		t.Error("a drained holder was asked")
	}
	s.order(parent, "undrain")
	s.until(parent.host.Name+" is named again", time.Now(), s.stock.layer, func(names []string) bool {
		return slices.Contains(names, parent.host.Name)
	})
	s.wantAlive(t, s.holders...)
}

// order tells every tracker what an operator wants of a node: these have no
// memory in common.
func (s *site) order(n *node, verb string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), askTimeout)
	defer cancel()
	for _, tr := range s.trackers {
		url := fmt.Sprintf("http://127.0.0.1:%d/admin/v1/nodes/%s/%s", testbed.AdminPort, n.host.Name, verb)
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, http.NoBody)
		if err != nil {
			s.t.Fatalf("%v", err)
		}
		res, err := tr.host.Client().Do(req)
		if err != nil {
			s.t.Fatalf("%s: %v", verb, err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			s.t.Fatalf("%s: %s", verb, res.Status)
		}
	}
}
