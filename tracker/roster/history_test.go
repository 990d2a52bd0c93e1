package roster

import (
	"fmt"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestStability(t *testing.T) {
	for _, c := range []struct {
		wear   float64
		uptime time.Duration
		want   float64
	}{
		{0, 0, 0.5},
		{0, grownUp / 2, 0.75},
		{0, grownUp, 1},
		{0, time.Hour, 1},
		{1, time.Hour, 0.5},
		{3, grownUp, 0.25},
		{3, 0, 0.125},
	} {
		if got := stability(c.wear, c.uptime); got != c.want {
			t.Errorf("wear %v after %s: %v; want %v", c.wear, c.uptime, got, c.want)
		}
	}
}

func TestWearHalves(t *testing.T) {
	w := newWear(4, time.Minute)
	for after, want := range map[time.Duration]float64{0: 4, halfLife: 2, 3 * halfLife: 0.5} {
		if got := w.amount(time.Minute + after); got != want {
			t.Errorf("%v after %s; want %v", got, after, want)
		}
	}
	if wear(0).amount(time.Hour) != 0 {
		t.Error("a node that never failed is worn")
	}
}

func TestNodeThatFlapsIsRankedLowerForAWhile(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, _ *journal, _ *ports) {
		a, b := at(t, r, "a", "", 1), at(t, r, "b", "", 1)
		for range 20 {
			live(r, time.Second, "a", "b")
			for range 6 {
				live(r, time.Second, "b")
			}
			wantState(t, a, Dead)
		}
		live(r, 3*time.Second, "a", "b")
		rec := r.Record(a)
		if rec.Failures != 20 || rec.Flaps != 20 || rec.Uptime > 4*time.Second || len(rec.Latest) != maxPast {
			t.Fatalf("%+v", rec)
		}
		if last := rec.Latest[maxPast-1]; last.State == Dead || last.At.Before(rec.Latest[0].At) {
			t.Fatalf("the latest is %+v", last)
		}
		low := r.Stability(a)
		if low > 0.1 || r.Stability(b) <= low {
			t.Fatalf("a is at %v, b at %v", low, r.Stability(b))
		}
		live(r, halfLife, "a", "b")
		if s := r.Stability(a); s < 3*low {
			t.Fatalf("a was at %v and is at %v", low, s)
		}
	})
}

func TestHistoryOutlivesARestartButNotAPurge(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, _ *journal, _ *ports) {
		a := at(t, r, "a", "", 1)
		pass(5 * time.Second)
		at(t, r, "a", "", 2)
		if rec := r.Record(a); rec.Failures != 1 || rec.Flaps != 1 || rec.Uptime != 0 {
			t.Fatalf("%+v", rec)
		}
		live(r, 3*time.Second, "a")
		at(t, r, "a", "", 3)
		if up := r.Record(a).Uptime; up != 0 {
			t.Fatalf("restarted, and up for %s", up)
		}
		pass(11 * time.Minute)
		if again := at(t, r, "other", "", 1); again != a || r.Record(again).Failures != 0 {
			t.Fatalf("%+v", r.Record(again))
		}
	})
}

func TestDrainedNodeStaysDrained(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, j *journal, p *ports) {
		a := at(t, r, "a", "", 1)
		if s, err := r.Drain("a"); s != Draining || err != nil {
			t.Fatalf("%s, %v", s, err)
		}
		live(r, time.Second, "a")
		wantState(t, a, Draining)
		at(t, r, "a", "", 2) // its machine is restarted
		wantState(t, a, Draining)
		pass(5 * time.Second)
		wantState(t, a, Gone)
		live(r, time.Second, "a")
		wantState(t, a, Draining)
		if s, err := r.Undrain("a"); s != Ready || err != nil {
			t.Fatalf("%s, %v", s, err)
		}
		wantLast(t, j, "a ready undrain")
		if p.count() != 0 {
			t.Errorf("a drained node was probed %d times", p.count())
		}
	})
}

func TestUndrainDoesNotBringBackWhoHasLeft(t *testing.T) {
	r, _ := newRoster()
	a := at(t, r, "a", "", 1)
	r.Drain("a")
	if err := r.Leave(trackerapi.Sender{Node: "a", Epoch: 1}); err != nil {
		t.Fatal(err)
	}
	r.Undrain("a")
	wantState(t, a, Draining)
	at(t, r, "a", "", 2)
	wantState(t, a, Ready)
	if _, err := r.Drain("nobody"); !trackerapi.IsCode(err, trackerapi.CodeUnknownNode) {
		t.Errorf("nobody was drained: %v", err)
	}
}

func TestDrainedNodeThatWasDeadComesBackDrained(t *testing.T) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, _ *journal, _ *ports) {
		a := at(t, r, "a", "", 1)
		pass(6 * time.Second)
		if s, _ := r.Drain("a"); s != Dead {
			t.Fatalf("it is %s", s)
		}
		beat(r, nil, "a")
		wantState(t, a, Draining)
		pass(4 * time.Second)
		if s, _ := r.Undrain("a"); s != Gone {
			t.Fatalf("it is %s", s)
		}
		beat(r, nil, "a")
		if s := a.State(); !s.Usable() {
			t.Fatal(fmt.Sprint("it is ", s))
		}
	})
}

func TestTheLaterOrderCounts(t *testing.T) {
	r, _ := newRoster()
	a := at(t, r, "a", "", 1)
	r.Drain("a")
	first := a.Order()
	r.Undrain("a")
	if second := a.Order(); second <= first || second.Drains() {
		t.Errorf("%d after %d", second, first)
	}
	r.Obey("a", first)
	wantState(t, a, Ready)
	r.Obey("a", a.Order().next(true, time.Unix(0, 0)))
	wantState(t, a, Draining)
	r.Obey("nobody", first) // does nothing
}
