package placement

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// replicated is a cluster of three zones with two nodes each, in which an image
// that a1 has pulled has been replicated.
func replicated(t *testing.T) *cluster {
	c := newCluster(t, 2, 2, 2)
	c.policies = []Policy{three()}
	c.pull("a1", redis, dg("7"))
	c.settle()
	return c
}

func TestOneCopyInEachZone(t *testing.T) {
	c := replicated(t)
	c.mustSpread(redis, "a", "b", "c")
	if !slices.Contains(c.pinned(redis), "a1") {
		t.Errorf("the node that had it is not among %v", c.pinned(redis))
	}
	if len(c.done) != 2 {
		t.Errorf("copies made: %v", c.done)
	}
	if s := c.status("base", redis); s.Missing != 0 || s.Live != 3 || len(s.Reasons) != 0 {
		t.Errorf("status: %+v", s)
	}
}

func TestSameChoiceForTheSameWorld(t *testing.T) {
	choose := func() []string {
		c := newCluster(t, 20, 20, 20)
		c.policies = []Policy{three()}
		for i := range 20 {
			c.pull("a1", fmt.Sprintf("%s-%d", redis, i), dg(fmt.Sprint(i)))
		}
		c.settle()
		return c.done
	}
	if a, b := choose(), choose(); !slices.Equal(a, b) {
		t.Errorf("%v\n%v", a, b)
	}
}

func TestARebootIsNotACrash(t *testing.T) {
	c := replicated(t)
	before := len(c.done)
	victim := c.pinned(redis)[1]
	c.set(Away, victim)
	c.sleep(4 * time.Minute)
	c.settle()
	back := c.mustSay("base", redis, CauseRepair)
	if want := c.node(victim).Since.Add(5 * time.Minute); !back.Until.Equal(want) || !c.plan.Next.Equal(want) {
		t.Errorf("it says %v and %v, want %v", back.Until, c.plan.Next, want)
	}
	c.set(Live, victim)
	c.settle()
	if len(c.done) != before {
		t.Errorf("something was copied for a reboot: %v", c.done[before:])
	}
}

func TestACrashIsRepairedInTheSameZone(t *testing.T) {
	c := replicated(t)
	before := len(c.done)
	victim := c.pinned(redis)[1]
	zone := c.node(victim).Zone
	c.set(Away, victim)
	c.sleep(5 * time.Minute)
	c.settle()
	live := slices.DeleteFunc(c.pinned(redis), func(n string) bool { return n == victim })
	if got := c.zonesOf(live); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Fatalf("%v after %s of zone %s", live, victim, zone)
	}
	if len(c.done) != before+1 {
		t.Errorf("copies: %v", c.done[before:])
	}

	c.set(Live, victim) // it comes back with its pin
	c.decide()
	if got := c.pinned(redis); len(got) != 3 {
		t.Errorf("the surplus is not released: %v", got)
	}
	c.mustSpread(redis, "a", "b", "c")
	if len(c.Holders(redis, dg("7"))) != 4 {
		t.Error("a release has deleted something")
	}
	if c.settle(); len(c.done) != before+1 {
		t.Errorf("copies: %v", c.done[before:])
	}
}

func TestAZoneIsRepairedAsFarAsNodesAllow(t *testing.T) {
	c := replicated(t)
	c.set(Away, "b1", "b2")
	c.sleep(5 * time.Minute)
	c.settle()
	if s := c.status("base", redis); s.Live != 3 || s.Missing != 0 {
		t.Errorf("status: %+v", s)
	}
	if r := c.mustSay("base", redis, CauseSpread); !strings.Contains(r.Text, "only 2 of these") {
		t.Errorf("it says %q", r.Text)
	}
	c.set(Live, "b1", "b2")
	c.settle()
	c.mustSpread(redis, "a", "b", "c")
}

func TestTooFewNodesIsSaid(t *testing.T) {
	c := newCluster(t, 1, 1)
	c.policies = []Policy{three()}
	c.pull("a1", redis, dg("7"))
	c.settle()
	if r := c.mustSay("base", redis, CauseNodes); r.Text != "factor 3: only 2 of the 2 selected nodes are live" {
		t.Errorf("it says %q", r.Text)
	}
	if s := c.status("base", redis); s.Missing != 1 || s.Live != 2 {
		t.Errorf("status: %+v", s)
	}
}

func TestAMassFailureStartsNothing(t *testing.T) {
	c := replicated(t)
	before := len(c.done)
	c.set(Away, "a1", "a2", "b1", "b2")
	c.sleep(time.Hour)
	c.decide()
	if r := c.mustSay("base", redis, CauseHeld); !strings.HasPrefix(r.Text, "4 of 6 selected nodes are away") {
		t.Errorf("it says %q", r.Text)
	}
	if len(c.plan.New) != 0 || len(c.done) != before {
		t.Errorf("given: %v", c.plan.New)
	}
}

func TestNothingIsGivenOrReleasedWhileNodesCantBeJudged(t *testing.T) {
	c := replicated(t)
	c.set(Away, "a1")
	c.sleep(time.Hour)
	c.world.Held = "arrival"
	c.decide()
	c.mustSay("base", redis, CauseHeld)
	if len(c.plan.New) != 0 {
		t.Errorf("given: %v", c.plan.New)
	}
	c.set(Live, "a1")
	c.policies[0].Factor = 2
	if c.decide(); len(c.pinned(redis)) != 3 {
		t.Errorf("released: %v are left", c.pinned(redis))
	}
	c.world.Held = ""
	if c.decide(); len(c.pinned(redis)) != 2 {
		t.Errorf("not released: %v", c.pinned(redis))
	}
}

func TestTheRarestIsRepairedFirst(t *testing.T) {
	c := newCluster(t, 4, 4, 4)
	c.pull("a1", "r/common:1", dg("common"))
	c.pull("b1", "r/common:1", dg("common"))
	c.pull("a1", "r/rare:1", dg("rare"))
	c.policies = []Policy{{Name: "base", Images: []string{"**"}, Factor: 3, Budget: Budget{Parallel: 1}}}
	c.decide()
	if len(c.plan.New) != 1 || c.plan.Tasks[0].Image != "r/rare:1" {
		t.Errorf("given first: %+v", c.plan.Tasks)
	}
	c.mustSay("base", "r/common:1", CauseBudget)
}

func TestBudgetsBoundWhatIsUnderWay(t *testing.T) {
	c := newCluster(t, 10, 10, 10)
	for i := range 30 {
		c.pull("a1", fmt.Sprintf("r/x:%02d", i), dg(fmt.Sprint(i)))
	}
	c.policies = []Policy{{Name: "base", Images: []string{"**"}, Factor: 3, Budget: Budget{Parallel: 7, Rate: 70, RatePerNode: 30}}}
	c.decide()
	if len(c.plan.New) != 7 {
		t.Fatalf("%d are under way", len(c.plan.New))
	}
	for _, k := range c.plan.Tasks {
		if k.Rate != 10 {
			t.Errorf("rate: %d", k.Rate)
		}
	}
	if c.decide(); len(c.plan.New) != 0 {
		t.Errorf("%d more", len(c.plan.New))
	}
	c.world.Limits = Limits{Total: 5}
	c.tasks = map[string]Known{}
	if c.decide(); len(c.plan.New) != 5 {
		t.Errorf("%d in the cluster", len(c.plan.New))
	}
	c.world.Limits = Limits{PerNode: 1}
	c.policies[0].Select.Nodes = []string{"a1", "b1", "c1"}
	c.tasks = map[string]Known{}
	if c.decide(); len(c.plan.New) != 2 {
		t.Errorf("%d for two nodes that may have one each", len(c.plan.New))
	}
	c.settle()
}

func TestAllSelectedNodesAndThoseThatJoin(t *testing.T) {
	c := newCluster(t, 3, 3)
	c.node("a1").Labels["gpu"] = "yes"
	c.node("b2").Labels["gpu"] = "yes"
	c.pull("a3", redis, dg("7"))
	c.policies = []Policy{{Name: "gpu", Images: []string{"docker.io/library/*"}, Every: true, Select: Selector{Labels: map[string]string{"gpu": "yes"}}}}
	c.settle()
	if got := c.pinned(redis); !slices.Equal(got, []string{"a1", "b2"}) {
		t.Fatalf("on %v", got)
	}
	c.join("a9", "a").Labels["gpu"] = "yes"
	c.settle()
	if got := c.pinned(redis); !slices.Equal(got, []string{"a1", "a9", "b2"}) {
		t.Errorf("after a join on %v", got)
	}
	c.set(Away, "a9")
	c.sleep(time.Hour)
	c.settle()
	if s := c.status("gpu", redis); s.Wanted != 2 || s.Live != 2 || s.Missing != 0 {
		t.Errorf("status: %+v", s)
	}
}

func TestOfTwoFactorsTheLargerHolds(t *testing.T) {
	c := newCluster(t, 3, 3, 3)
	c.pull("a1", redis, dg("7"))
	c.policies = []Policy{{Name: "little", Images: []string{"**"}, Factor: 2}, {Name: "much", Images: []string{redis}, Factor: 4}}
	c.settle()
	if got := c.pinned(redis); len(got) != 4 {
		t.Errorf("on %v", got)
	}
	both := 0
	for _, n := range c.nodes {
		for _, pin := range n.Pins {
			if slices.Contains(pin.Owners, "policy/little") {
				both++
			}
		}
	}
	if both != 2 {
		t.Errorf("little keeps %d", both)
	}
	c.policies = c.policies[:1]
	if c.decide(); len(c.pinned(redis)) != 2 {
		t.Errorf("without the larger one: %v", c.pinned(redis))
	}
}

func TestANewVersionGoesWhereTheOldOneIs(t *testing.T) {
	c := replicated(t)
	before := c.pinned(redis)
	other := slices.IndexFunc(c.nodes, func(n *Node) bool { return !slices.Contains(before, n.Name) })
	c.sleep(time.Minute)
	c.pull(before[0], redis, dg("8"))
	c.decide()
	for _, name := range before[1:] {
		if pins := c.node(name).Pins; len(pins) != 1 || pins[0].Digest != dg("7") {
			t.Errorf("%s lets go of the old version before the new one is there: %v", name, pins)
		}
	}
	c.settle()
	if got := c.pinned(redis); !slices.Equal(got, before) {
		t.Errorf("on %v, before on %v", got, before)
	}
	_ = other
	for _, name := range before {
		if pins := c.node(name).Pins; len(pins) != 1 || pins[0].Digest != dg("8") {
			t.Errorf("%s keeps %v", name, pins)
		}
	}
}

func TestWhatManyHaveUsedIsClaimedAndStays(t *testing.T) {
	c := newCluster(t, 2, 2, 2)
	c.policies = []Policy{{Name: "popular", UsedBy: 2, Factor: 3}}
	c.pull("a1", redis, dg("7"))
	if c.settle(); len(c.plan.Images) != 0 {
		t.Fatalf("claimed with one user: %+v", c.plan.Images)
	}
	c.pull("a2", redis, dg("7"))
	c.settle()
	c.mustSpread(redis, "a", "b", "c")
	for _, name := range []string{"a1", "a2"} {
		if !slices.Contains(c.pinned(redis), name) {
			delete(c.images[c.node(name).Ordinal], redis)
		}
	}
	c.settle()
	c.mustSpread(redis, "a", "b", "c")
}

func TestFullAndUnwellNodesAreGivenNothing(t *testing.T) {
	c := newCluster(t, 3, 3)
	c.sizes[dg("7")] = 10 << 30
	c.pull("a1", redis, dg("7"))
	c.node("b1").Degraded = "store"
	c.node("b2").Room = trackerapi.Room{Total: 100 << 30, Free: 20 << 30}
	c.node("b3").Room = trackerapi.Room{Total: 100 << 30, Free: 26 << 30}
	c.policies = []Policy{{Name: "base", Images: []string{"**"}, Factor: 2}}
	c.settle()
	if got := c.pinned(redis); !slices.Equal(got, []string{"a1", "b3"}) {
		t.Errorf("on %v", got)
	}
	c.policies[0].Factor = 6
	c.settle()
	if r := c.mustSay("base", redis, CauseRoom); r.Text != "no room: 1 of the selected nodes that are left" {
		t.Errorf("it says %q", r.Text)
	}
}

func TestAFailureIsTriedElsewhereAndThenWaits(t *testing.T) {
	c := newCluster(t, 4, 4, 4)
	c.pull("a1", redis, dg("7"))
	c.policies = []Policy{three()}
	c.fails = func(k Task) string {
		if k.Name[0] == 'b' {
			return "boom"
		}
		return ""
	}
	c.settle()
	if c.failed < 1 || c.failed > spoilt {
		t.Errorf("%d failed before it waits", c.failed)
	}
	if s := c.status("base", redis); s.Live < 2 {
		t.Errorf("status: %+v", s)
	}
	c.fails = nil
	c.sleep(2 * time.Minute)
	c.settle()
	c.mustSpread(redis, "a", "b", "c")
}

func TestAttemptsGrowWithFailures(t *testing.T) {
	c := newCluster(t, 1, 1)
	c.pull("a1", redis, dg("7"))
	c.policies = []Policy{{Name: "base", Images: []string{"**"}, Factor: 2}}
	c.fails = func(Task) string { return "boom" }
	var attempts []int
	for range 4 {
		c.settle()
		attempts = append(attempts, c.plan.Tasks[0].Attempt)
		c.mustSay("base", redis, CauseFailed)
		c.now = c.plan.Next
	}
	if !slices.Equal(attempts, []int{1, 2, 3, 4}) {
		t.Errorf("attempts: %v", attempts)
	}
}

func TestATaskThatTakesTooLongHasFailed(t *testing.T) {
	c := newCluster(t, 1, 1)
	c.pull("a1", redis, dg("7"))
	c.policies = []Policy{{Name: "base", Images: []string{"**"}, Factor: 2, Deadline: Duration(time.Minute)}}
	c.decide()
	c.sleep(59 * time.Second)
	if c.decide(); c.idle() {
		t.Fatal("it was given up early")
	}
	c.sleep(time.Second)
	c.decide()
	if k := c.plan.Tasks[0]; k.State.Phase != trackerapi.TaskFailed || k.State.Error != "not done in time" || !k.Ended.Equal(c.now) {
		t.Errorf("the task: %+v", k)
	}
}

func TestATaskOfADeadNodeGoesElsewhereAtOnce(t *testing.T) {
	c := newCluster(t, 1, 3)
	c.pull("a1", redis, dg("7"))
	c.policies = []Policy{{Name: "base", Images: []string{"**"}, Factor: 2}}
	c.decide()
	first := c.plan.Tasks[0]
	c.set(Away, first.Name)
	c.decide()
	if len(c.plan.Tasks) != 1 || c.plan.Tasks[0].Name == first.Name {
		t.Errorf("tasks: %+v", c.plan.Tasks)
	}
}

func TestAnotherTrackerGoesOnWithTheSameTasks(t *testing.T) {
	c := newCluster(t, 10, 10, 10)
	for i := range 5 {
		c.pull("a1", fmt.Sprintf("r/x:%d", i), dg(fmt.Sprint(i)))
	}
	c.policies = []Policy{three()}
	c.jobs = []Job{{ID: "warm", Images: []string{"r/new:1"}, Select: Selector{Zones: []string{"c"}}, Created: c.now}}
	c.decide()
	before := c.plan.Tasks
	for _, k := range c.tasks { // it knows only what the nodes say
		n := c.node(k.Name)
		n.Strange = append(n.Strange, k.State)
	}
	c.node("b1").Strange = append(c.node("b1").Strange, trackerapi.TaskState{ID: "unheard-of", Attempt: 1, Phase: trackerapi.TaskPulling})
	c.tasks = map[string]Known{}
	c.decide()
	if len(c.plan.New) != 0 {
		t.Errorf("given anew: %v", c.plan.New)
	}
	same := slices.EqualFunc(before, c.plan.Tasks, func(a, b Known) bool {
		return a.ID == b.ID && a.Attempt == b.Attempt && a.Image == b.Image && slices.Equal(a.Wanted, b.Wanted) && slices.Equal(a.Owners, b.Owners)
	})
	if !same {
		t.Errorf("tasks before: %+v\nafter: %+v", before, c.plan.Tasks)
	}
}

func TestCopiesMoveIntoANewZone(t *testing.T) {
	c := newCluster(t, 2, 2)
	c.policies = []Policy{three()}
	c.pull("a1", redis, dg("7"))
	c.settle()
	if len(c.pinned(redis)) != 3 {
		t.Fatalf("on %v", c.pinned(redis))
	}
	before := len(c.done)
	c.join("c1", "c")
	c.decide()
	if len(c.pinned(redis)) != 3 {
		t.Errorf("a copy was let go before the new one is there: %v", c.pinned(redis))
	}
	c.settle()
	c.mustSpread(redis, "a", "b", "c")
	if len(c.done) != before+1 {
		t.Errorf("copies: %v", c.done[before:])
	}
}

func TestWithoutSpreadNothingMoves(t *testing.T) {
	c := newCluster(t, 2, 2)
	c.policies = []Policy{{Name: "base", Images: []string{"**"}, Factor: 3, Strategies: map[string]float64{"hash": 1}}}
	c.pull("a1", redis, dg("7"))
	c.settle()
	before := len(c.done)
	c.join("c1", "c")
	if c.settle(); len(c.done) != before {
		t.Errorf("copies: %v", c.done[before:])
	}
}

func TestNothingMovesBecauseAnotherNodeHasBecomeBetter(t *testing.T) {
	c := newCluster(t, 4, 4)
	c.policies = []Policy{{Name: "base", Images: []string{"**"}, Factor: 4, Spread: []string{"zone", "rack"}}} // all in one rack of each zone
	c.pull("a1", redis, dg("7"))
	c.settle()
	before := len(c.done)
	for _, name := range c.pinned(redis) {
		c.node(name).Stability = 0.1
	}
	if c.settle(); len(c.done) != before {
		t.Errorf("copies: %v", c.done[before:])
	}
}

func TestWithoutPinNothingIsPinned(t *testing.T) {
	c := newCluster(t, 1, 1, 1)
	no := false
	c.policies = []Policy{{Name: "base", Images: []string{"**"}, Factor: 3, Pin: &no}}
	c.pull("a1", redis, dg("7"))
	c.settle()
	if s := c.status("base", redis); s.Live != 3 || len(c.pinned(redis)) != 0 {
		t.Errorf("status: %+v, pinned on %v", s, c.pinned(redis))
	}
}

func TestMadeUpNamesAreNotReplicated(t *testing.T) {
	c := newCluster(t, 1, 1, 1)
	c.policies = []Policy{three()}
	c.pull("a1", "sha256:0123", dg("7"))
	c.pull("a1", "docker.io/library/redis@"+string(dg("7")), dg("7"))
	if c.settle(); len(c.done) != 0 {
		t.Errorf("copies: %v", c.done)
	}
}
