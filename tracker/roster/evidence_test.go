package roster

import (
	"fmt"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// at registers a node whose data port has an address of its own.
func at(t testing.TB, r *Roster, name, zone string, epoch int64) *Node {
	t.Helper()
	n, _, err := r.Register(trackerapi.Node{Name: name, Epoch: epoch, Addr: name + ":1", Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func beat(r *Roster, over *Line, names ...string) {
	for _, name := range names {
		n := r.ByName(name)
		_, _ = r.Heartbeat(trackerapi.Sender{Node: name, Epoch: n.Identity().Epoch}, trackerapi.Load{}, over)
	}
}

// live lets time pass in which these nodes are heard, four times an interval.
func live(r *Roster, d time.Duration, names ...string) {
	for range d / (250 * time.Millisecond) {
		beat(r, nil, names...)
		pass(250 * time.Millisecond)
	}
}

func wantLast(t *testing.T, j *journal, want string) {
	t.Helper()
	if got := j.last(); got != want {
		t.Fatalf("the last verdict is %q; want %q", got, want)
	}
}

func TestReportIsCheckedAtOnce(t *testing.T) {
	for _, c := range []struct {
		port  Outcome
		state State
		why   string
	}{
		{Refused, Dead, "a dead probe_refused"},
		{Mute, Dead, "a dead probe_mute"},
		{Alive, Ready, "a ready probe_alive"},
		{Unsure, Suspect, "a suspect report_stall"},
	} {
		t.Run(c.port.String(), func(t *testing.T) {
			probing(t, testPolicy, func(t *testing.T, r *Roster, j *journal, p *ports) {
				a, b := at(t, r, "a", "", 1), at(t, r, "b", "", 1)
				p.set("a:1", c.port)
				accuse(r, b, "a", 1, trackerapi.KindStall)
				wantState(t, a, Suspect)
				pass(101 * time.Millisecond)
				wantState(t, a, c.state)
				wantLast(t, j, c.why)
				if apart := r.Apart(b, a); apart != (c.port == Alive) || r.Apart(a, b) {
					t.Errorf("kept apart: %v", apart)
				}
			})
		})
	}
}

func TestPairThatHadTroubleStaysApartForAWhile(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, _ *journal, p *ports) {
		a, b := at(t, r, "a", "", 1), at(t, r, "b", "", 1)
		p.set("a:1", Alive)
		accuse(r, b, "a", 1, trackerapi.KindTimeout)
		live(r, apartTime-time.Second, "a", "b")
		if !r.Apart(b, a) {
			t.Fatal("they are together too early")
		}
		live(r, 2*time.Second, "a", "b")
		if r.Apart(b, a) {
			t.Fatal("they are apart for ever")
		}
	})
}

func TestClosedHeartbeatConnectionIsAReasonToLook(t *testing.T) {
	for _, c := range []struct {
		port  Outcome
		state State
	}{{Refused, Dead}, {Mute, Suspect}, {Alive, Ready}} {
		t.Run(c.port.String(), func(t *testing.T) {
			probing(t, testPolicy, func(t *testing.T, r *Roster, _ *journal, p *ports) {
				a := at(t, r, "a", "", 1)
				p.set("a:1", c.port)
				old, latest := new(Line), new(Line)
				beat(r, old, "a")
				beat(r, latest, "a")
				r.Hangup(old)
				pass(101 * time.Millisecond)
				wantState(t, a, Ready)
				if p.count() != 0 {
					t.Fatal("a connection that is not used any more was noticed")
				}
				r.Hangup(latest)
				pass(101 * time.Millisecond)
				wantState(t, a, c.state)
				if c.port == Alive && p.count() != 1 {
					t.Fatalf("a reconnect has cost %d probes", p.count())
				}
			})
		})
	}
}

func TestConnectionOfManySaysNothing(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, _ *journal, p *ports) {
		proxy := new(Line)
		for i := range maxOnLine + 1 {
			at(t, r, fmt.Sprint(i), "", 1)
			beat(r, proxy, fmt.Sprint(i))
		}
		r.Hangup(proxy)
		pass(101 * time.Millisecond)
		if p.count() != 0 {
			t.Fatalf("%d probes", p.count())
		}
	})
}

func TestHeartbeatsDoNotHideADeadPort(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, j *journal, p *ports) {
		a, b := at(t, r, "a", "", 1), at(t, r, "b", "", 1)
		accuse(r, b, "a", 1, trackerapi.KindTimeout)
		pass(101 * time.Millisecond)
		wantState(t, a, Dead)
		verdicts := len(j.said)
		for range 20 {
			live(r, time.Second, "a", "b")
			wantState(t, a, Suspect)
		}
		if n := len(j.said) - verdicts; n != 1 {
			t.Fatalf("%d verdicts on a node that has not changed: %v", n, j.said)
		}
		p.set("a:1", Alive)
		live(r, 2*time.Second, "a", "b")
		wantLast(t, j, "a ready probe_alive")
	})
}

func TestAnsweringPortKeepsASilentNodeFromDying(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, _ *journal, p *ports) {
		a := at(t, r, "a", "", 1)
		p.set("a:1", Alive)
		pass(3 * time.Minute)
		wantState(t, a, Suspect)
		if n := p.count(); n > 2*3*60 {
			t.Fatalf("%d probes in 3 minutes", n)
		}
		p.set("a:1", Mute)
		pass(2 * time.Second)
		wantState(t, a, Dead)
	})
}

func TestOneProbeThatWasLostDoesNotCondemn(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, _ *journal, p *ports) {
		a := at(t, r, "a", "", 1)
		pass(2600 * time.Millisecond) // suspect, and found mute
		p.set("a:1", Alive)
		pass(time.Minute)
		wantState(t, a, Suspect)
	})
}

func TestRefusedPortNeedsNoThirdHeartbeat(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, j *journal, p *ports) {
		at(t, r, "a", "", 1)
		p.set("a:1", Refused)
		pass(2310 * time.Millisecond)
		wantLast(t, j, "a dead probe_refused")
	})
}

func TestLateEvidenceDoesNotHitTheNextRun(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, _ *journal, _ *ports) {
		a, b := at(t, r, "a", "", 1), at(t, r, "b", "", 1)
		old := new(Line)
		beat(r, old, "a")
		accuse(r, b, "a", 1, trackerapi.KindRefused) // the probe is under way: mute
		pass(20 * time.Millisecond)
		accuse(r, b, "a", 1, trackerapi.KindRefused) // and is to be repeated
		pass(20 * time.Millisecond)
		at(t, r, "a", "", 2)
		accuse(r, b, "a", 1, trackerapi.KindRefused)
		r.Hangup(old)
		pass(time.Second)
		wantState(t, a, Ready)
	})
}

func TestNewsDuringAProbeIsLookedAtAfterIt(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, _ *journal, p *ports) {
		a, b := at(t, r, "a", "", 1), at(t, r, "b", "", 1)
		p.set("a:1", Alive)
		accuse(r, b, "a", 1, trackerapi.KindStall)
		<-time.After(time.Millisecond / 2) // the answer is on its way
		p.set("a:1", Refused)
		accuse(r, b, "a", 1, trackerapi.KindRefused)
		pass(10 * time.Millisecond)
		wantState(t, a, Dead)
	})
}

func TestMoreSuspectsThanCanWaitAreProbedInTurn(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, _ *journal, p *ports) {
		for i := range maxWanted + 500 {
			at(t, r, fmt.Sprint(i), "", 1)
			p.set(fmt.Sprint(i)+":1", Refused)
		}
		pass(10 * time.Second)
		if n := r.Count(Dead); n != maxWanted+500 {
			t.Fatalf("%d are dead", n)
		}
	})
}
