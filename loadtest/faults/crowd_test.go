package faults

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/shared/trackerapi"
)

// wantAlive looks into the trackers' logs for verdicts on nodes that live.
func (s *site) wantAlive(t *testing.T, living ...*node) {
	t.Helper()
	for _, tr := range s.trackers {
		for line := range bytes.Lines(tr.proc.Log()) {
			for _, n := range living {
				about := bytes.Contains(line, fmt.Appendf(nil, " node=%s ", n.host.Name))
				if about && (bytes.Contains(line, []byte(`msg="node is dead"`)) || bytes.Contains(line, []byte(`msg="node is purged"`))) {
					t.Errorf("%s: %s", tr.host.Name, line)
				}
			}
		}
	}
}

// Three of four holders are unplugged. Once that is noticed, of 200 lookups none
// misses the fourth, and none names another before it.
func TestLookupsNameTheHolderThatIsPluggedInFirst(t *testing.T) {
	testbed.Require(t)
	s := newSite(t, plan{trackers: 2, holders: 4, layer: 1 << 20, small: 1})
	for _, n := range s.holders[:3] {
		n.host.Unplug()
	}
	left := s.holders[3]
	for _, tr := range s.trackers {
		for _, n := range s.holders[:3] {
			tr.proc.WaitLog(fmt.Sprintf("msg=\"node is suspect\" node=%s ", n.host.Name), settled)
		}
	}
	for i := range 200 {
		names, err := s.trackers[i%2].named(t.Context(), s.asker.host.Name, s.stock.layer)
		if err != nil || len(names) == 0 || names[0] != left.host.Name {
			t.Fatalf("lookup %d names %q, %v; want %q first", i, names, err, left.host.Name)
		}
	}
	s.wantAlive(t, left, s.asker)
}

// A whole zone of holders is unplugged while a blob comes from there, or many
// processes are killed at once. The pull goes on, and so does the next one, and
// nobody who lives is taken for dead.
func TestPullsGoOnWhenManyHoldersBreakAtOnce(t *testing.T) {
	testbed.Require(t)
	for name, strike := range map[string]func(*node){
		"a zone unplugged":         func(n *node) { n.host.Unplug() },
		"two of five nodes killed": func(n *node) { n.seeder.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, plan{trackers: 2, holders: 4, layer: 16 << 20, small: 1, rate: 200 * testbed.Mbit})
			zone, living := s.holders[1:], []*node{s.first(), s.asker}
			if strings.Contains(name, "two") {
				zone, living = s.holders[:2], append(slices.Clone(s.holders[2:]), s.asker)
			}
			half, wait := s.asker.pulling(s.stock.layer, s.stock.size/2)
			<-half
			for _, n := range zone {
				strike(n)
			}
			for _, p := range []pull{wait(), s.asker.pull(s.stock.fresh(), nil)} {
				if p.err != nil {
					t.Error(p.err)
				}
				t.Logf("done after %s, with a pause of %s", p.took, p.pause)
			}
			<-time.After(4 * time.Second) // silence has been weighed by then
			s.wantAlive(t, living...)
		})
	}
}

// A holder is back, at the same address or at another. What is said about its
// past, however late, does not touch it.
func TestLateReportsDoNotHitTheNextRun(t *testing.T) {
	testbed.Require(t)
	s := newSite(t, plan{trackers: 2, holders: 2, layer: 1 << 20, small: 1})
	accuser := s.impostor(t, "accuser")
	n := s.first()
	for _, port := range []int{testbed.PeerPort, 6002} {
		before := s.epoch(t, n)
		n.seeder.Kill()
		n.flags = append(n.flags, fmt.Sprintf("--peer-listen=:%d", port), "--advertise="+n.host.At(port))
		n.start()
		s.until(n.host.Name+" is back", time.Now(), s.stock.layer, func(names []string) bool { return slices.Contains(names, n.host.Name) })
		if s.epoch(t, n) == before {
			t.Fatal("it has the epoch of before")
		}
		logged := len(s.trackers[0].proc.Log())
		for _, kind := range []trackerapi.Kind{trackerapi.KindRefused, trackerapi.KindTimeout, trackerapi.KindStall, trackerapi.KindShort} {
			accuser.report(n.host.Name, before, kind)
		}
		for _, tr := range s.trackers {
			if names, err := tr.named(t.Context(), s.asker.host.Name, s.stock.layer); err != nil || names[0] != n.host.Name {
				t.Errorf("%s names %q, %v", tr.host.Name, names, err)
			}
		}
		if news := s.trackers[0].proc.Log()[logged:]; bytes.Contains(news, []byte("node="+n.host.Name+" epoch")) && bytes.Contains(news, []byte("node is suspect")) {
			t.Errorf("it is suspected:\n%s", news)
		}
	}
}

// epoch is that of the node's present run.
func (s *site) epoch(t *testing.T, n *node) int64 {
	t.Helper()
	for _, h := range s.handout(t) {
		if h.Node == n.host.Name {
			return h.Epoch
		}
	}
	t.Fatalf("%s is not named", n.host.Name)
	return 0
}

func (s *site) handout(t *testing.T) trackerapi.Handout {
	t.Helper()
	r, err := s.trackers[0].client.Lookup(t.Context(), trackerapi.LookupRequest{Node: s.asker.host.Name, Digests: s.stock.small[:1], Limit: 16})
	if err != nil {
		t.Fatal(err)
	}
	return r.Handouts[0]
}
