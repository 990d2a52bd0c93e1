package roster

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

var gated = Policy{
	Interval: time.Second, SuspectAfter: 2, DeadAfter: 3, PurgeAfter: 10 * time.Minute,
	Gates: Gates{MinArrival: 85, MaxDeaths: 1},
}

// fleet registers nodes "0", "1", … with these zones by turns, which nobody
// can reach.
func fleet(t *testing.T, r *Roster, n int, zones ...string) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint(i))
		at(t, r, names[i], zones[i%len(zones)], 1)
	}
	return names
}

func wantGate(t *testing.T, r *Roster, g Gate, want bool) {
	t.Helper()
	if r.Closed(g) != want {
		t.Fatalf("gate %s is closed: %v", g, !want)
	}
}

func TestTally(t *testing.T) {
	for _, c := range []struct {
		expected, missing int
		below85, mostly   bool
	}{
		{0, 0, false, false},
		{1, 1, false, false}, // one may always die
		{4, 1, false, false},
		{2, 2, true, true},
		{4, 2, true, false},
		{4, 3, true, true},
		{100, 15, false, false},
		{100, 16, true, false},
		{100, 50, true, false},
		{100, 51, true, true},
	} {
		got := tally{c.expected, c.missing}
		if got.below(85) != c.below85 || got.mostly() != c.mostly {
			t.Errorf("%+v: below 85 %% is %v, mostly is %v", got, got.below(85), got.mostly())
		}
	}
}

func TestBudget(t *testing.T) {
	var b budget
	for i, c := range []struct {
		at    time.Duration
		limit int
		want  bool
	}{
		{0, 2, true}, {time.Second, 2, true}, {2 * time.Second, 2, false}, {2 * time.Second, 3, true},
		{deathWindow - 1, 3, false}, {deathWindow, 3, true}, {deathWindow, 3, false},
		{deathWindow + time.Second, 3, true}, {time.Minute, 1, true}, {time.Minute, 1, false},
	} {
		if got := b.take(c.at, c.limit); got != c.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
}

func TestPausedTrackerWaitsAnIntervalBeforeItJudges(t *testing.T) {
	r, j := newRoster()
	n := at(t, r, "a", "", 1)
	for range 44 { // 2.2 s: nearly suspect
		r.advance(scanPeriod)
		r.scan()
	}
	r.advance(10 * time.Second)
	r.scan()
	for range 18 {
		r.advance(scanPeriod)
		r.scan()
		wantState(t, n, Ready)
	}
	wantGate(t, r, GateLateness, true)
	for range 4 {
		r.advance(scanPeriod)
		r.scan()
	}
	wantGate(t, r, GateLateness, false)
	wantLast(t, j, "a suspect missed_heartbeats")
}

func TestStartingTrackerCondemnsNobody(t *testing.T) {
	policy := gated
	policy.SuspectAfter, policy.DeadAfter = 1, 1 // sooner than the grace is over
	probing(t, policy, func(t *testing.T, r *Roster, _ *journal, _ *ports) {
		n := at(t, r, "a", "", 1)
		pass(1900 * time.Millisecond)
		wantState(t, n, Ready)
		wantGate(t, r, GateStart, true)
		pass(1500 * time.Millisecond)
		wantState(t, n, Dead)
		wantGate(t, r, GateStart, false)
	})
}

func TestOneDeathInASmallClusterPassesTheGates(t *testing.T) {
	probing(t, gated, func(t *testing.T, r *Roster, j *journal, _ *ports) {
		names := fleet(t, r, 4, "a", "b")
		live(r, 3*time.Second, names...)
		live(r, 2750*time.Millisecond, names[1:]...)
		wantState(t, r.ByName("0"), Suspect)
		live(r, 500*time.Millisecond, names[1:]...)
		wantLast(t, j, "0 dead missed_heartbeats")
	})
}

func TestMissingForLongAreNotWaitedForAnyMore(t *testing.T) {
	policy := gated
	policy.PurgeAfter = time.Minute
	probing(t, policy, func(t *testing.T, r *Roster, _ *journal, _ *ports) {
		names := fleet(t, r, 10, "")
		live(r, 3*time.Second, names...)
		live(r, 50*time.Second, names[3:]...)
		if r.Count(Dead) != 0 {
			t.Fatalf("%d are dead", r.Count(Dead))
		}
		wantGate(t, r, GateArrival, true)
		live(r, 40*time.Second, names[3:]...)
		wantGate(t, r, GateArrival, false)
		if r.ByName("0") != nil || r.ByName("1") != nil || r.ByName("2") != nil {
			t.Fatal("they are not forgotten")
		}
	})
}

func TestTrackerThatHearsTooFewCondemnsNobody(t *testing.T) {
	probing(t, gated, func(t *testing.T, r *Roster, j *journal, _ *ports) {
		names := fleet(t, r, 100, "")
		live(r, 3*time.Second, names...)
		live(r, 5*time.Minute, names[:10]...) // it is cut off from 90 %
		if r.Count(Suspect) != 90 || r.Count(Dead) != 0 {
			t.Fatalf("%d are suspect, %d dead", r.Count(Suspect), r.Count(Dead))
		}
		wantGate(t, r, GateArrival, true)
		live(r, 2*time.Second, names...)
		if r.Count(Ready)+r.Count(Suspect) != 100 { // their ports are still closed to it
			t.Fatalf("%d are alive", r.Count(Ready)+r.Count(Suspect))
		}
		wantGate(t, r, GateArrival, false)
		for _, verdict := range j.said {
			if strings.Contains(verdict, "dead") {
				t.Fatal(verdict)
			}
		}
	})
}

func TestEvidenceIsNotHeldBack(t *testing.T) {
	probing(t, gated, func(t *testing.T, r *Roster, _ *journal, p *ports) {
		names := fleet(t, r, 100, "")
		for _, name := range names[:40] {
			p.set(name+":1", Refused)
			l := new(Line)
			beat(r, l, name)
			r.Hangup(l)
		}
		pass(100 * time.Millisecond)
		if r.Count(Dead) != 40 || r.Count(Ready) != 60 {
			t.Fatalf("%d are dead, %d ready", r.Count(Dead), r.Count(Ready))
		}
	})
}

func TestZoneThatFallsSilentTogetherDiesSlowly(t *testing.T) {
	policy := gated
	policy.Gates = Gates{MaxDeaths: 100}
	probing(t, policy, func(t *testing.T, r *Roster, _ *journal, _ *ports) {
		var east, west []string
		for i := range 10 {
			west = append(west, fmt.Sprint("w", i))
			at(t, r, west[i], "west", 1)
		}
		for i := range 4 {
			east = append(east, fmt.Sprint("e", i))
			at(t, r, east[i], "east", 1)
		}
		live(r, 3*time.Second, slices.Concat(east, west)...)
		live(r, 4*time.Second, slices.Concat(west[1:], east[:1])...)
		if r.Count(Dead) != 1 || r.ByName("w0").State() != Dead {
			t.Fatalf("%d are dead, w0 is %s", r.Count(Dead), r.ByName("w0").State())
		}
		wantGate(t, r, GateZone, true)
		live(r, 7*time.Second, slices.Concat(west[1:], east[:1])...)
		if r.Count(Dead) != 1 {
			t.Fatalf("%d are dead", r.Count(Dead))
		}
		live(r, 2*time.Second, slices.Concat(west[1:], east[:1])...)
		if r.Count(Dead) != 4 {
			t.Fatalf("%d are dead", r.Count(Dead))
		}
	})
}

func TestSilenceHasABudget(t *testing.T) {
	policy := gated
	policy.Gates.MinArrival = 0
	probing(t, policy, func(t *testing.T, r *Roster, _ *journal, _ *ports) {
		names := fleet(t, r, 300, "")
		live(r, 3*time.Second, names...)
		live(r, 4*time.Second, names[30:]...)
		if n := r.Count(Dead); n != 3 {
			t.Fatalf("%d of 300 died of silence at once", n)
		}
		wantGate(t, r, GateBudget, true)
		live(r, 11*time.Second, names[30:]...)
		if n := r.Count(Dead); n < 5 || n > 6 {
			t.Fatalf("%d of 300 died of silence within 14 s", n)
		}
	})
}

func TestAccuserOfEverybodyHarmsOnlyItself(t *testing.T) {
	probing(t, gated, func(t *testing.T, r *Roster, j *journal, p *ports) {
		names := fleet(t, r, 20, "")
		for _, name := range names {
			p.set(name+":1", Alive)
		}
		var reports []trackerapi.Report
		for _, name := range names[1:] {
			reports = append(reports, trackerapi.Report{Peer: name, Epoch: 1, Kind: trackerapi.KindTimeout})
		}
		r.Accuse(r.ByName("0"), reports)
		wantLast(t, j, "0 suspect accuses_everybody")
		for _, name := range names[1:] {
			wantState(t, r.ByName(name), Ready)
		}
		if !r.Apart(r.ByName("0"), r.ByName("7")) {
			t.Error("it is handed whom it complains of")
		}
		live(r, muteTime-time.Second, names...)
		wantState(t, r.ByName("0"), Suspect)
		wantGate(t, r, GateReporter, true)
		live(r, 2*time.Second, names...)
		wantLast(t, j, "0 ready forgiven")
		wantGate(t, r, GateReporter, false)
	})
}

func TestReporterWhoIsWrongAgainAndAgainLosesItsVoice(t *testing.T) {
	probing(t, gated, func(t *testing.T, r *Roster, _ *journal, p *ports) {
		names := fleet(t, r, 100, "")
		for _, name := range names {
			p.set(name+":1", Alive)
		}
		liar := r.ByName("0")
		for _, name := range names[1 : maxWrong+1] {
			accuse(r, liar, name, 1, trackerapi.KindStall)
			wantState(t, r.ByName(name), Suspect)
			live(r, time.Second, names...)
		}
		accuse(r, liar, "50", 1, trackerapi.KindStall)
		wantState(t, r.ByName("50"), Ready)
		wantState(t, liar, Ready)
		accuse(r, r.ByName("1"), "50", 1, trackerapi.KindStall) // others are heard
		wantState(t, r.ByName("50"), Suspect)
		live(r, muteTime, names...)
		accuse(r, liar, "51", 1, trackerapi.KindStall)
		wantState(t, r.ByName("51"), Suspect)
	})
}

func TestReporterWhoIsRightKeepsItsVoice(t *testing.T) {
	probing(t, gated, func(t *testing.T, r *Roster, _ *journal, p *ports) {
		names := fleet(t, r, 100, "")
		for _, name := range names[1:60] {
			p.set(name+":1", Refused)
			accuse(r, r.ByName("0"), name, 1, trackerapi.KindRefused)
			live(r, 250*time.Millisecond, "0")
			wantState(t, r.ByName(name), Dead)
		}
	})
}
