package app

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/roster"
)

// beating is a node that gives signs of life until it is killed or cut off.
type beating struct {
	*node
	stop func()
}

// crowd has nodes "0", "1", … in zones by turns, which all hold layer 0, beat,
// and serve.
func crowd(t *testing.T, addr string, n int, zone func(i int) string) (all []*beating) {
	t.Helper()
	for i := range n {
		b := &beating{node: joinAt(t, addr, fmt.Sprint(i), zone(i))}
		b.announce(trackerapi.AnnounceRequest{Whole: true, Add: []digest.Digest{layer(0)}})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		b.stop = func() { stop(); <-ended }
		t.Cleanup(b.stop)
		go func() {
			defer close(ended)
			b.keepBeating(ctx)
		}()
		all = append(all, b)
	}
	return all
}

func (b *beating) keepBeating(ctx context.Context) {
	tick := time.NewTicker(b.interval)
	defer tick.Stop()
	for {
		// The first comes at once. A beat that is under way is not cut
		// off: that would close its connection.
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		_, _ = b.Heartbeat(bounded, trackerapi.HeartbeatRequest{Sender: b.Sender, Seq: b.seq, SetHash: uint64(b.hash)})
		cancel()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// kill does what a kernel does when a process dies.
func (b *beating) kill() {
	b.stop()
	b.data.Listener.Close()
	b.data.CloseClientConnections()
	b.transport.CloseIdleConnections()
}

// unplug leaves everything open, and nothing passes.
func (b *beating) unplug() {
	b.mute.Store(true)
	b.stop()
}

func oneZone(int) string { return "" }

// quick is for tests in which silence plays a part.
func quick(c *Config) { c.HeartbeatInterval, c.PurgeAfter = 200*time.Millisecond, time.Minute }

func (n *node) sees(d digest.Digest) []string {
	n.t.Helper()
	resp, err := n.Lookup(n.ctx, trackerapi.LookupRequest{Node: n.Node, Digests: []digest.Digest{d}, Limit: 16})
	if err != nil {
		n.t.Fatal(err)
	}
	var names []string
	for _, h := range resp.Handouts[0] {
		names = append(names, h.Node)
	}
	return names
}

func state(tracker *Tracker, n *beating) roster.State {
	return tracker.roster.ByName(n.Node).State()
}

func TestKilledProcessLeavesTheAnswersAtOnce(t *testing.T) {
	tracker := start(t, nil)
	all := crowd(t, tracker.NodeAddr(), 16, oneZone)
	asker := join(t, tracker, "asker", "")
	for _, victim := range all[:5] {
		eventually(t, func() bool { return slices.Contains(asker.sees(layer(0)), victim.Node) })
		begin := time.Now()
		victim.kill()
		for slices.Contains(asker.sees(layer(0)), victim.Node) {
			continue // asking takes longer than a pause would
		}
		took := time.Since(begin)
		t.Logf("out of the answers after %s", took)
		if took > victim.interval {
			t.Errorf("it took %s: silence was waited for", took)
		}
	}
	if n := len(asker.sees(layer(0))); n != 11 {
		t.Errorf("%d are left", n)
	}
}

func TestHangingNodeIsSuspectAtOnceAndDeadAfterTheProbe(t *testing.T) {
	tracker := start(t, nil)
	all := crowd(t, tracker.NodeAddr(), 8, oneZone)
	victim, reader := all[3], all[0]
	victim.unplug()
	begin := time.Now()
	reader.says(trackerapi.KindStall, victim.node, layer(0))
	if s := state(tracker, victim); s == roster.Ready {
		t.Fatalf("it is %s", s)
	}
	if got := reader.sees(layer(0)); slices.Contains(got[:len(got)-1], victim.Node) {
		t.Fatalf("it is not given last: %v", got)
	}
	eventually(t, func() bool { return state(tracker, victim) == roster.Dead })
	t.Logf("dead after %s", time.Since(begin))
	if slices.Contains(reader.sees(layer(0)), victim.Node) {
		t.Fatal("it is still given")
	}
}

func TestNodeThatIsHeardButDoesNotServeIsGivenLast(t *testing.T) {
	tracker := start(t, quick)
	all := crowd(t, tracker.NodeAddr(), 4, oneZone)
	victim, reader := all[3], all[0]
	victim.mute.Store(true)
	reader.says(trackerapi.KindTimeout, victim.node, layer(0))
	for range 30 {
		if got := reader.sees(layer(0)); slices.Contains(got[:2], victim.Node) {
			t.Fatalf("it is given before others: %v", got)
		}
		<-time.After(20 * time.Millisecond)
	}
	victim.mute.Store(false)
	eventually(t, func() bool { return state(tracker, victim) == roster.Ready })
}

func TestAccuserOfEverybodyHarmsOnlyItself(t *testing.T) {
	tracker := start(t, nil)
	all := crowd(t, tracker.NodeAddr(), 15, oneZone)
	var reports []trackerapi.Report
	for _, peer := range all[1:] {
		reports = append(reports, trackerapi.Report{Peer: peer.Node, Epoch: 1, Kind: trackerapi.KindRefused})
	}
	for range 5 {
		if _, err := all[0].Report(all[0].ctx, trackerapi.ReportRequest{Sender: all[0].Sender, Reports: reports}); err != nil {
			t.Fatal(err)
		}
		for _, peer := range all[1:] {
			if s := state(tracker, peer); s != roster.Ready {
				t.Fatalf("%s is %s", peer.Node, s)
			}
		}
	}
	if got := all[1].sees(layer(0)); len(got) != 14 || got[13] != "0" {
		t.Fatalf("got %v", got)
	}
}

func TestZoneThatIsCutOffIsGivenLastAndDiesSlowly(t *testing.T) {
	tracker := start(t, quick)
	all := crowd(t, tracker.NodeAddr(), 20, func(i int) string {
		if i < 3 {
			return "east"
		}
		return "west"
	})
	east, asker := all[:3], all[19]
	eventually(t, func() bool { return tracker.roster.Count(roster.Ready) == 20 })
	begin := time.Now()
	for _, n := range east {
		n.unplug()
	}
	suspect := func(n *beating) bool { return state(tracker, n) == roster.Suspect }
	eventually(t, func() bool { return suspect(east[0]) && suspect(east[1]) && suspect(east[2]) })
	if got := asker.sees(layer(0)); slices.ContainsFunc(got, func(s string) bool { return s == "0" || s == "1" || s == "2" }) {
		t.Errorf("the east is given before others: %v", got)
	}
	eventually(t, func() bool {
		return slices.ContainsFunc(east, func(n *beating) bool { return state(tracker, n) == roster.Dead })
	})
	if took := time.Since(begin); took < 8*asker.interval {
		t.Errorf("the first died after %s", took)
	} else {
		t.Logf("the first died after %s, at an interval of %s", took, asker.interval)
	}
	for _, n := range all[3:] {
		if s := state(tracker, n); s == roster.Dead {
			t.Errorf("%s in the west is %s", n.Node, s)
		}
	}
}
