package roster

import (
	"testing"

	"github.com/drayproject/dray/shared/trackerapi"
)

func overloaded(r *Roster, reporter *Node, peer string, epoch int64) {
	r.Overloaded(reporter, []trackerapi.Report{{Peer: peer, Epoch: epoch, Kind: trackerapi.KindOverloaded}})
}

func loaded(r *Roster, name string, load trackerapi.Load) {
	_, _ = r.Heartbeat(trackerapi.Sender{Node: name, Epoch: 1}, load, nil)
}

func TestBusyNodeStaysReadyAndIsBusyForAMoment(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, j *journal, p *ports) {
		a, b := at(t, r, "a", "", 1), at(t, r, "b", "", 1)
		overloaded(r, b, "a", 1)
		wantState(t, a, Ready)
		if !r.Busy(a) || r.Busy(b) {
			t.Fatal("the report was not heard")
		}
		live(r, busyTime+scanPeriod, "a", "b")
		if r.Busy(a) {
			t.Error("it is busy for ever")
		}
		if p.count() > 0 || j.last() != "b ready register" {
			t.Errorf("%d probes, last verdict %q", p.count(), j.last())
		}
	})
}

func TestHeartbeatSaysWhoIsBusy(t *testing.T) {
	r, _ := newRoster()
	a, b := at(t, r, "a", "", 1), at(t, r, "b", "", 1)
	for _, c := range []struct {
		load trackerapi.Load
		busy bool
	}{
		{trackerapi.Load{Uploads: 100}, false},
		{trackerapi.Load{Uploads: 7, Slots: 8}, false},
		{trackerapi.Load{Uploads: 8, Slots: 8}, true},
		{trackerapi.Load{Uploads: 9, Slots: 8}, true},
	} {
		loaded(r, "a", c.load)
		if r.Busy(a) != c.busy || a.Load() != c.load || a.Uploads() != c.load.Uploads {
			t.Errorf("%+v: busy %v, kept %+v", c.load, r.Busy(a), a.Load())
		}
	}
	overloaded(r, b, "a", 1)
	loaded(r, "a", trackerapi.Load{Slots: 8})
	if r.Busy(a) {
		t.Error("a free slot does not end it")
	}
}

func TestOnlyAProperReporterMakesBusy(t *testing.T) {
	r, _ := newRoster()
	a, b := at(t, r, "a", "", 2), at(t, r, "b", "", 1)
	overloaded(r, b, "a", 1)       // an earlier run
	overloaded(r, a, "a", 2)       // itself
	overloaded(r, b, "nobody", 1)  // unknown
	b.dossier.Load().voice.mute(0) // for a minute from now
	overloaded(r, b, "a", 2)
	if r.Busy(a) {
		t.Error("it is busy")
	}
}

func TestDegradedNodeIsWellAgainWhenItSaysSo(t *testing.T) {
	r, _ := newRoster()
	a := at(t, r, "a", "", 1)
	loaded(r, "a", trackerapi.Load{Degraded: "disk"})
	if a.Degraded() != "disk" || a.State() != Ready {
		t.Fatalf("%q, %s", a.Degraded(), a.State())
	}
	loaded(r, "a", trackerapi.Load{})
	if a.Degraded() != "" {
		t.Errorf("still %q", a.Degraded())
	}
	loaded(r, "a", trackerapi.Load{Degraded: "disk"})
	at(t, r, "a", "", 2)
	if a.Degraded() != "" {
		t.Error("a new run is as degraded as the last")
	}
}

func TestUnchangedLoadCostsNothing(t *testing.T) {
	r, _ := newRoster()
	at(t, r, "a", "", 1)
	load, from := trackerapi.Load{Uploads: 1, Degraded: "disk"}, trackerapi.Sender{Node: "a", Epoch: 1}
	if n := testing.AllocsPerRun(100, func() { _, _ = r.Heartbeat(from, load, nil) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
