package roster

import (
	"fmt"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestIntervalGrowsWithTheFleet(t *testing.T) {
	bounded, longest := testPolicy, 10*time.Minute/13
	bounded.MaxRate = 7500
	for _, c := range []struct {
		policy Policy
		nodes  int
		want   time.Duration
	}{
		{testPolicy, 1_000_000, time.Second},
		{bounded, 0, time.Second},
		{bounded, 7500, time.Second},
		{bounded, 9000, 1200 * time.Millisecond},
		{bounded, 15_000, 2 * time.Second},
		{bounded, 250_000, 100 * time.Second / 3},
		{Policy{Interval: time.Second, DeadAfter: 3, PurgeAfter: time.Hour, MaxRate: 1}, 100_000, longestGrown},
		{Policy{Interval: time.Second, DeadAfter: 3, PurgeAfter: 10 * time.Minute, MaxRate: 1}, 100_000, longest},
		{Policy{Interval: 2 * time.Minute, DeadAfter: 3, PurgeAfter: time.Hour, MaxRate: 1}, 100_000, 2 * time.Minute},
	} {
		if got := c.policy.interval(c.nodes); got.Round(time.Microsecond) != c.want.Round(time.Microsecond) {
			t.Errorf("%d nodes at %d a second: %v; want %v", c.nodes, c.policy.MaxRate, got, c.want)
		}
	}
}

func TestIntervalIsLengthenedAtOnceAndShortenedInSteps(t *testing.T) {
	for _, c := range []struct{ told, wanted, want time.Duration }{
		{0, time.Second, time.Second},
		{time.Second, time.Second, time.Second},
		{time.Second, time.Minute, time.Minute},
		{16 * time.Second, time.Second, 15 * time.Second},
		{16 * time.Second, 15500 * time.Millisecond, 15500 * time.Millisecond},
	} {
		if got := next(c.told, c.wanted); got != c.want {
			t.Errorf("%v after %v: %v; want %v", c.wanted, c.told, got, c.want)
		}
	}
}

// large is a fleet of 20 that is told 2 s. Nobody's port answers.
func large(t *testing.T, play func(t *testing.T, r *Roster, nodes []*Node)) {
	t.Helper()
	policy := testPolicy
	policy.MaxRate = 10
	probing(t, policy, func(t *testing.T, r *Roster, _ *journal, _ *ports) {
		var nodes []*Node
		for i := range 20 {
			nodes = append(nodes, register(t, r, fmt.Sprint(i), 1))
		}
		pass(time.Second)
		for i, n := range nodes {
			if told := answer(t, r, i); told != 2*time.Second {
				t.Fatalf("told %v", told)
			}
			wantState(t, n, Ready)
		}
		play(t, r, nodes)
	})
}

// answer has a node give a sign of life, and says what it is told.
func answer(t *testing.T, r *Roster, i int) time.Duration {
	t.Helper()
	n, err := r.Heartbeat(trackerapi.Sender{Node: fmt.Sprint(i), Epoch: 1}, trackerapi.Load{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Tell(n)
}

// leave takes all out of the fleet but a few, so that the interval is 1 s.
func leave(t *testing.T, r *Roster, stay int) {
	t.Helper()
	for i := stay; i < 20; i++ {
		if err := r.Leave(trackerapi.Sender{Node: fmt.Sprint(i), Epoch: 1}); err != nil {
			t.Fatal(err)
		}
	}
	pass(2 * scanPeriod)
	if got := r.Interval(); got != time.Second {
		t.Fatalf("the interval is %v", got)
	}
}

func TestSilenceIsMeasuredByWhatTheNodeWasTold(t *testing.T) {
	large(t, func(t *testing.T, r *Roster, nodes []*Node) {
		leave(t, r, 5) // at once everybody is to beat each second, and does not know
		pass(2*time.Second + 400*time.Millisecond)
		for _, n := range nodes[:5] {
			wantState(t, n, Ready)
		}
		for i := range 4 {
			if told := answer(t, r, i); told != 1875*time.Millisecond {
				t.Fatalf("told %v", told)
			}
		}
		pass(2 * time.Second) // the fifth has been silent for 2¼ of its intervals
		wantState(t, nodes[4], Suspect)
		for i := range 4 {
			answer(t, r, i)
		}
		pass(2*time.Second + 200*time.Millisecond)
		wantState(t, nodes[4], Dead)
	})
}

func TestNodeThatMissesAnswersIsNotMissed(t *testing.T) {
	large(t, func(t *testing.T, r *Roster, nodes []*Node) {
		leave(t, r, 5)
		for range 3 { // as a seeder that waits in vain, and then for its interval
			pass(2*time.Second*3/4 + 2*time.Second*11/10)
			wantState(t, nodes[0], Ready)
			answer(t, r, 0)
		}
	})
}

func TestShortenedIntervalIsReached(t *testing.T) {
	large(t, func(t *testing.T, r *Roster, nodes []*Node) {
		leave(t, r, 5)
		told := 2 * time.Second
		for range 11 {
			pass(told)
			told = answer(t, r, 0)
			wantState(t, nodes[0], Ready)
		}
		if told != time.Second {
			t.Errorf("told %v in the end", told)
		}
	})
}

func TestNewRunIsToldThePresentInterval(t *testing.T) {
	large(t, func(t *testing.T, r *Roster, _ []*Node) {
		leave(t, r, 5)
		if told := r.Tell(register(t, r, "0", 2)); told != time.Second {
			t.Errorf("told %v", told)
		}
	})
}
