package placement

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// chance makes a cluster, policies and jobs of a seed.
func chance(t testing.TB, rng *rand.Rand) *cluster {
	c := newCluster(t)
	for z := range 1 + rng.IntN(4) {
		for i := range 1 + rng.IntN(6) {
			n := c.join(fmt.Sprintf("n%d-%d", z, i), fmt.Sprint("z", z))
			n.Stability = rng.Float64()
			n.Labels["rack"] = fmt.Sprint("r", rng.IntN(3))
			if rng.IntN(3) > 0 {
				n.Room = trackerapi.Room{Total: 1000, Free: rng.Int64N(1000)}
			}
		}
	}
	for i := range 1 + rng.IntN(6) {
		name := fmt.Sprintf("r/x%d:1", i)
		c.sizes[dg(name)] = rng.Int64N(100)
		for range 1 + rng.IntN(4) {
			c.pull(c.nodes[rng.IntN(len(c.nodes))].Name, name, dg(name))
		}
	}
	for i := range 1 + rng.IntN(3) {
		c.policies = append(c.policies, anyPolicy(rng, i))
	}
	if rng.IntN(2) == 0 {
		c.jobs = []Job{{ID: "j", Images: []string{"r/new:1", "r/x0:1"}, Created: c.now, Retries: 3, Pin: rng.IntN(2) == 0}}
	}
	return c
}

func anyPolicy(rng *rand.Rand, i int) Policy {
	p := Policy{Name: fmt.Sprint("p", i), Images: []string{"**"}, Factor: 1 + rng.IntN(5), Budget: Budget{Parallel: 1 + rng.IntN(4)}}
	if rng.IntN(2) == 0 {
		p.Images = []string{fmt.Sprintf("r/x%d:*", rng.IntN(6)), "r/x0:1"}
	}
	switch rng.IntN(5) {
	case 0:
		p.Every, p.Factor = true, 0
	case 1:
		p.Select = Selector{Zones: []string{"z0", "z1"}}
	case 2:
		p.Spread = []string{"zone", "rack"}
	case 3:
		p.Spread = []string{"node"}
	}
	if rng.IntN(2) == 0 { // weights of all sizes: nothing may depend on a good choice
		p.Strategies = map[string]float64{
			"spread": 10 * rng.Float64() * float64(rng.IntN(2)), "stable": rng.Float64(), "least-loaded": 3 * rng.Float64(), "hash": float64(rng.IntN(2)),
		}
	}
	return p
}

// disturb has something happen.
func disturb(c *cluster, rng *rand.Rand) {
	n := c.nodes[rng.IntN(len(c.nodes))]
	switch rng.IntN(7) {
	case 0:
		c.set(Away, n.Name)
	case 1, 2:
		n.State = Live
	case 3:
		c.set(Saving, n.Name)
	case 4:
		n.Stability = rng.Float64()
	case 5:
		c.join(fmt.Sprintf("late%d", len(c.nodes)), fmt.Sprint("z", rng.IntN(5)))
	case 6:
		name := fmt.Sprintf("r/x%d:1", rng.IntN(6))
		c.pull(n.Name, name, dg(name))
	}
	c.sleep(time.Duration(rng.IntN(400)) * time.Second)
}

// FuzzMake plays chance worlds through chance faults, and looks at each plan.
func FuzzMake(f *testing.F) {
	for seed := range uint64(50) {
		f.Add(seed)
	}
	for _, seed := range []uint64{71, 239, 251, 2216} { // which have found something
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 1))
		c := chance(t, rng)
		if rng.IntN(4) == 0 {
			c.fails = func(Task) string {
				if rng.IntN(3) == 0 {
					return "chance"
				}
				return ""
			}
		}
		for range 12 {
			checkSame(t, c, seed)
			c.decide()
			checkPlan(t, c, seed)
			if rng.IntN(2) == 0 {
				c.work()
			}
			disturb(c, rng)
		}
		c.fails = nil
		for range 4 {
			c.settle()
			checkPlan(t, c, seed)
			c.sleep(time.Hour)
		}
		c.settle()
		checkFixed(t, c, seed)
	})
}

// checkSame: the same world gives the same plan, in whatever order it is told.
func checkSame(t *testing.T, c *cluster, seed uint64) {
	t.Helper()
	w := c.view()
	slices.Reverse(w.Tasks)
	a, b := Make(c.view(), c.policies, c.jobs, c.now), Make(w, c.policies, c.jobs, c.now)
	if fmt.Sprintf("%+v", *a) != fmt.Sprintf("%+v", *b) {
		t.Fatalf("seed %d: two plans for one world", seed)
	}
}

// checkPlan: no node gets an image twice, none is given what it has, and no
// policy keeps and gets more than its factor, but for one copy that moves.
func checkPlan(t *testing.T, c *cluster, seed uint64) {
	t.Helper()
	seen := map[spot]bool{}
	for _, k := range c.plan.Tasks {
		here := spot{int(k.Node), k.Image}
		if !k.Over() && seen[here] {
			t.Fatalf("seed %d: %s gets %s twice", seed, k.Name, k.Image)
		}
		seen[here] = seen[here] || !k.Over()
		fresh := slices.Contains(c.plan.New, k.ID)
		if fresh && c.node(k.Name).State != Live {
			t.Fatalf("seed %d: a task for %s, which is not live", seed, k.Name)
		}
		if fresh && k.Digest != "" && c.images[k.Node][k.Image].Digest == k.Digest && slices.Contains(k.Wanted, "job/j") {
			t.Fatalf("seed %d: %s has %s already", seed, k.Name, k.Image)
		}
	}
	for _, s := range c.plan.Images {
		moves := 0
		if i := slices.IndexFunc(c.plan.Tasks, func(k Known) bool {
			return !k.Over() && k.Image == s.Image && slices.Contains(k.Wanted, "policy/"+s.Policy) && !slices.Contains(s.Coming, k.Name) && !slices.Contains(s.Have, k.Name)
		}); i >= 0 {
			moves = 1
		}
		if s.Live+len(s.Coming) > s.Wanted {
			t.Fatalf("seed %d: more than the factor: %+v", seed, s)
		}
		if moves == 1 && s.Live < s.Wanted {
			t.Fatalf("seed %d: a copy moves before all are there: %+v", seed, s)
		}
	}
}

// checkFixed: when all is done, a plan changes nothing, and no policy pins more
// than it wants.
func checkFixed(t *testing.T, c *cluster, seed uint64) {
	t.Helper()
	plan := c.decide()
	if len(plan.New) > 0 {
		t.Fatalf("seed %d: there is always more to do: %v", seed, plan.New)
	}
	for _, s := range plan.Images {
		pinned := 0
		for _, n := range c.nodes {
			if n.State == Live && slices.ContainsFunc(n.Pins, func(p trackerapi.Pin) bool {
				return p.Image == s.Image && slices.Contains(p.Owners, "policy/"+s.Policy)
			}) {
				pinned++
			}
		}
		if pinned > s.Wanted || pinned < s.Live {
			t.Fatalf("seed %d: pinned on %d nodes: %+v", seed, pinned, s)
		}
	}
}
