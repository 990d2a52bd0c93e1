package placement

import (
	"strings"
	"testing"
	"time"
)

// sole is a cluster in which a1 alone has two images, and shares a third.
func sole(t *testing.T) *cluster {
	c := newCluster(t, 2, 2)
	c.sizes[dg("one")] = 100
	c.pull("a1", "r/one:1", dg("one"))
	c.pull("a1", "r/two:1", dg("two"))
	c.pull("a1", "r/both:1", dg("both"))
	c.pull("b1", "r/both:1", dg("both"))
	return c
}

func TestADrainSavesWhatOnlyThatNodeHas(t *testing.T) {
	c := sole(t)
	c.set(Saving, "a1")
	c.decide()
	left := c.plan.Drains[0].Left
	if len(left) != 2 || left[0].Image != "r/one:1" || left[0].Bytes != 100 || left[0].Wanted != 1 || left[0].Live != 0 || left[0].Stuck || left[0].Reason != "is being copied" {
		t.Fatalf("left: %+v", left)
	}
	c.settle()
	if d := c.plan.Drains[0]; d.Node != "a1" || len(d.Left) != 0 || len(c.done) != 2 {
		t.Fatalf("drain: %+v, done: %v", d, c.done)
	}
	c.set(Leaving, "a1")
	c.sleep(time.Minute)
	c.settle()
	c.set(Away, "a1")
	c.settle()
	if len(c.pinned("r/one:1")) != 1 || len(c.pinned("r/two:1")) != 1 {
		t.Error("what was saved is let go while the node is away")
	}
	c.set(Live, "a1")
	c.settle()
	if len(c.pinned("r/one:1"))+len(c.pinned("r/two:1")) != 0 {
		t.Error("what was saved is still kept when the node is back")
	}
}

func TestADrainKeepsAPolicysFactor(t *testing.T) {
	c := newCluster(t, 2, 2)
	c.policies = []Policy{{Name: "base", Images: []string{"**"}, Factor: 2}}
	c.pull("a1", redis, dg("7"))
	c.settle()
	c.set(Saving, "a1")
	c.decide()
	if left := c.plan.Drains[0].Left; len(left) != 1 || left[0].Live != 1 || left[0].Wanted != 2 {
		t.Fatalf("left: %+v", left)
	}
	c.settle()
	if left := c.plan.Drains[0].Left; len(left) != 0 {
		t.Errorf("left: %+v", left)
	}
	c.set(Leaving, "a1")
	c.settle()
	c.mustSpread(redis, "a", "b")
}

func TestADrainSaysWhatItCantSave(t *testing.T) {
	c := newCluster(t, 2)
	c.pull("a1", redis, dg("7"))
	c.node("a2").Degraded = "store"
	c.set(Saving, "a1")
	c.decide()
	if left := c.plan.Drains[0].Left; len(left) != 1 || !left[0].Stuck {
		t.Errorf("left: %+v", left)
	}
}

func TestAnOldVersionIsSavedByItsDigest(t *testing.T) {
	c := newCluster(t, 2, 2)
	c.pull("a1", redis, dg("7"))
	c.sleep(time.Minute)
	c.pull("b1", redis, dg("8"))
	c.set(Saving, "a1")
	c.settle()
	if len(c.done) != 1 || !strings.HasSuffix(c.done[0], "docker.io/library/redis@"+string(dg("7"))) {
		t.Errorf("done: %v", c.done)
	}
}

func TestTwoDrainsSaveFromBoth(t *testing.T) {
	c := sole(t)
	c.set(Saving, "a1", "b1")
	c.settle()
	for _, d := range c.plan.Drains {
		if len(d.Left) != 0 {
			t.Errorf("%+v", d)
		}
	}
	for _, image := range []string{"r/one:1", "r/two:1", "r/both:1"} {
		for _, node := range c.pinned(image) {
			if node != "a2" && node != "b2" {
				t.Errorf("%s is saved to %s", image, node)
			}
		}
		if len(c.pinned(image)) == 0 {
			t.Errorf("%s is nowhere", image)
		}
	}
}
