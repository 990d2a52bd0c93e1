package placement

import (
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestExplainShowsEveryNode(t *testing.T) {
	c := newCluster(t, 3, 2)
	c.pull("a1", redis, dg("7"))
	c.node("a2").Stability = 0.2
	c.set(Away, "a3")
	c.set(Leaving, "b2")
	c.node("b1").Degraded = "store"
	c.join("x", "c").Labels["spot"] = "true"
	policy := Policy{Name: "base", Factor: 2, Images: []string{"**"}, Select: Selector{Except: map[string]string{"spot": ""}}}
	said := map[string]Candidate{}
	for _, k := range Explain(c.view(), &policy, redis, "", c.now) {
		said[k.Node] = k
		sum := 0.0
		for _, v := range k.Parts {
			sum += v
		}
		if math.Abs(sum-k.Score) > 1e-9 {
			t.Errorf("the parts of %+v are not its score", k)
		}
	}
	for node, want := range map[string]string{"a1": "", "a2": "", "a3": "away", "b1": "degraded: store", "b2": "draining", "x": "not selected"} {
		if said[node].Excluded != want {
			t.Errorf("%s: %+v, want %q", node, said[node], want)
		}
	}
	if !said["a1"].Holds || !said["a1"].Chosen || !said["a2"].Chosen || said["a2"].Holds {
		t.Errorf("a1: %+v, a2: %+v", said["a1"], said["a2"])
	}
	if got := slices.Sorted(maps.Keys(said["a2"].Parts)); !slices.Equal(got, []string{"least-loaded", "spread", "stable"}) {
		t.Errorf("parts: %v", got)
	}
	if said["a2"].Parts["spread"] != -8 || said["a2"].Parts["stable"] != 0.2 {
		t.Errorf("a2 is in the zone of another copy, and unstable: %v", said["a2"].Parts)
	}
}

func TestWhatStrategiesSay(t *testing.T) {
	at := func(n Node, keeps int, near ...int) *Place {
		return &Place{Node: &n, Key: "x", Keeps: keeps, Near: near}
	}
	for _, v := range []struct {
		strategy string
		place    *Place
		want     float64
	}{
		{"spread", at(Node{}, 0, 0, 0), 0},
		{"spread", at(Node{}, 0, 2, 0), -2},
		{"spread", at(Node{}, 0, 1, 1), -1.0625},
		{"stable", at(Node{Stability: 0.84}, 0), 0.8},
		{"stable", at(Node{Stability: 7}, 0), 1},
		{"least-loaded", at(Node{Room: trackerapi.Room{Total: 10, Free: 10}}, 0), 1},
		{"least-loaded", at(Node{Room: trackerapi.Room{Total: 10, Free: 1}}, 0), 0.7},
		{"least-loaded", at(Node{Room: trackerapi.Room{Total: 10, Free: 10}, Uploads: 8, Slots: 8}, 0), 0.7},
		{"least-loaded", at(Node{Room: trackerapi.Room{Total: 10, Free: 10}}, 8), 0.8},
		{"least-loaded", at(Node{Room: trackerapi.Room{Total: 10, Free: 10}}, trackerapi.MaxTasks), 0.7},
		{"least-loaded", at(Node{}, 0), 0.8},
	} {
		if got := Strategies[v.strategy](v.place); got != v.want {
			t.Errorf("%s of %+v: %v, want %v", v.strategy, v.place, got, v.want)
		}
	}
}

func TestHashSpreadsItsChoice(t *testing.T) {
	first := map[string]int{}
	for i := range 1000 {
		best, top := "", -1.0
		for _, name := range []string{"node-1", "node-2", "node-3", "node-4"} {
			if v := hash(&Place{Node: &Node{Name: name}, Key: string(dg(strings.Repeat("x", i)))}); v > top {
				best, top = name, v
			}
		}
		first[best]++
	}
	for name, n := range first {
		if n < 180 || n > 320 {
			t.Errorf("%s is first for %d of 1000 images, with 4 nodes", name, n)
		}
	}
}

func TestCapacityLeavesAReserve(t *testing.T) {
	c := newCluster(t, 2, 1)
	c.node("a1").Room = trackerapi.Room{Total: 1000, Free: 500}
	c.node("b1").Room = trackerapi.Room{Total: 1000, Free: 100}
	w := c.view()
	nodes, zones := Capacity(slices.Values(w.Nodes), w.Limits)
	if nodes[0].Usable != 350 || nodes[1].Unknown != 1 || nodes[2].Usable != 0 {
		t.Errorf("nodes: %+v", nodes)
	}
	if len(zones) != 2 || zones[0] != (Room{Zone: "a", Nodes: 2, Total: 1000, Free: 500, Usable: 350, Unknown: 1}) {
		t.Errorf("zones: %+v", zones)
	}
}

func TestDryRunCountsWhatAPolicyWouldTake(t *testing.T) {
	c := newCluster(t, 10, 10, 10)
	for _, name := range []string{"r/a:1", "r/b:1", "r/c:1"} {
		c.pull("a1", name, dg(name))
	}
	c.sizes[dg("r/a:1")], c.sizes[dg("r/b:1")] = 100, 10
	one := Policy{Name: "base", Images: []string{"r/**"}, Factor: 3, Budget: Budget{Parallel: 1}}
	no := false
	other := Policy{Name: "other", Images: []string{"r/a:*"}, Factor: 1, Pin: &no}
	cost := DryRun(c.view(), []Policy{other}, one, c.now)
	if cost.Images != 3 || cost.Copies != 6 || cost.Bytes != 220 || cost.Unknown != 2 || cost.Zones["b"] != 3 || cost.Zones["c"] != 3 {
		t.Errorf("cost: %+v", cost)
	}
	if len(cost.Contradictions) != 1 {
		t.Errorf("contradictions: %+v", cost.Contradictions)
	}
	one.Factor = 40
	if cost := DryRun(c.view(), nil, one, c.now); cost.Copies != 3*29 || cost.Status[0].Missing != 10 {
		t.Errorf("cost: %+v", cost)
	}
}

func TestContradictions(t *testing.T) {
	yes, no := true, false
	c := newCluster(t, 1, 1)
	c.pull("a1", redis, dg("7"))
	zone := func(z string) Selector { return Selector{Zones: []string{z}} }
	for name, v := range map[string]struct {
		a, b Policy
		want string
	}{
		"pin":              {Policy{Images: []string{"docker.io/**"}, Pin: &yes}, Policy{Images: []string{"**/redis:7"}, Pin: &no}, "a pins it and b does not"},
		"secret":           {Policy{Images: []string{"r/x:*"}, PullSecret: "one"}, Policy{Images: []string{"r/**"}, PullSecret: "two"}, "different pull secrets"},
		"factor":           {Policy{Images: []string{"**"}, Factor: 2}, Policy{Images: []string{"**"}, Factor: 3}, ""},
		"other images":     {Policy{Images: []string{"r/x:*"}, Pin: &yes}, Policy{Images: []string{"r/y:*"}, Pin: &no}, ""},
		"other nodes":      {Policy{Images: []string{"**"}, Pin: &yes, Select: zone("a")}, Policy{Images: []string{"**"}, Pin: &no, Select: zone("b")}, ""},
		"taken out by one": {Policy{Images: []string{"docker.io/**", "!**/redis:*"}, Pin: &yes}, Policy{Images: []string{redis}, Pin: &no}, ""},
	} {
		v.a.Name, v.b.Name, v.a.Factor, v.b.Factor = "a", "b", max(1, v.a.Factor), max(1, v.b.Factor)
		all := Contradictions(c.view(), []Policy{v.a, v.b})
		if v.want == "" && len(all) > 0 || v.want != "" && (len(all) != 1 || !strings.Contains(all[0].Reason, v.want)) {
			t.Errorf("%s: %+v, want %q", name, all, v.want)
		}
	}
	c.policies = []Policy{{Name: "a", Images: []string{"**"}, Factor: 1}, {Name: "b", Images: []string{"**"}, Factor: 1, Pin: &no}}
	c.settle()
	c.mustSay("a", redis, CauseConflict)
	c.mustSay("b", redis, CauseConflict)
}

func TestWhatWouldBeLost(t *testing.T) {
	c := newCluster(t, 2, 1)
	parts := map[digest.Digest][]trackerapi.Part{
		dg("one"): {{Digest: dg("base"), Size: 100}, {Digest: dg("top1"), Size: 10}},
		dg("two"): {{Digest: dg("base"), Size: 100}, {Digest: dg("top2"), Size: 20}, {Digest: dg("shared"), Size: 1}},
		dg("six"): {{Digest: dg("shared"), Size: 1}, {Digest: dg("top6"), Size: 2}},
	}
	c.pull("a1", "r/one:1", dg("one"))
	c.pull("a1", "r/two:1", dg("two"))
	c.pull("a1", "r/six:1", dg("six"))
	c.pull("a1", "r/odd:1", dg("odd"))
	c.pull("b1", "r/one:1", dg("one"))
	without := func(dying string) Loss {
		return Lost(c.versions(dying), func(d digest.Digest) []trackerapi.Part { return parts[d] })
	}
	l := without("a1")
	if l.Lost != 23 || l.Unknown != 1 || len(l.Images) != 3 {
		t.Fatalf("lost: %+v", l)
	}
	if two := l.Images[2]; two.Image != "r/two:1" || two.Bytes != 21 || !two.Known {
		t.Errorf("the base is still there: %+v", two)
	}
	if l := without("b1"); len(l.Images) != 0 || l.Lost != 0 {
		t.Errorf("lost with b1: %+v", l)
	}
}

// versions are all that nodes have, as they are when one of them has died.
func (c *cluster) versions(dying string) iter.Seq[Version] {
	return func(yield func(Version) bool) {
		for i := range c.Latest() {
			v := Version{Image: i.Name, Digest: i.Digest}
			for _, node := range c.Holders(i.Name, i.Digest) {
				v.Now, v.Left = true, v.Left || node != c.node(dying).Ordinal
			}
			if !yield(v) {
				return
			}
		}
	}
}
