package placement

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// warming is a cluster whose five nodes of zone a are to be warmed, two at a time.
func warming(t *testing.T) *cluster {
	c := newCluster(t, 5, 2)
	c.jobs = []Job{{
		ID: "warm", Images: []string{redis}, Select: Selector{Zones: []string{"a"}}, Budget: Budget{Parallel: 2},
		Retries: 1, Pin: true, Created: c.now,
	}}
	return c
}

func (c *cluster) job() JobStatus { return c.plan.Jobs[0] }

func (s JobStatus) of(node string) JobNode {
	i := slices.IndexFunc(s.Nodes, func(n JobNode) bool { return n.Node == node })
	return s.Nodes[i]
}

func TestAJobGoesThroughItsNodes(t *testing.T) {
	c := warming(t)
	c.decide()
	if s := c.job(); s.Running != 2 || s.Waiting != 3 || s.Over {
		t.Fatalf("status: %+v", s)
	}
	for _, k := range c.plan.Tasks {
		if k.Digest != "" {
			t.Errorf("the first nodes are told a digest: %+v", k)
		}
	}
	c.work()
	c.decide()
	for _, k := range c.plan.Tasks {
		if !k.Over() && k.Digest != upstream(redis) {
			t.Errorf("the next nodes are not told what the first have found: %+v", k)
		}
	}
	c.work()
	c.settle()
	if s := c.job(); s.Done != 5 || !s.Over || len(c.done) != 5 {
		t.Errorf("status: %+v, done: %v", s, c.done)
	}
	if got := c.pinned(redis); len(got) != 5 {
		t.Errorf("pinned on %v", got)
	}
	c.sleep(time.Hour)
	if c.settle(); len(c.done) != 5 {
		t.Errorf("done again: %v", c.done)
	}
}

func TestAFailureOfAJobIsReportedAndRetried(t *testing.T) {
	c := warming(t)
	c.fails = func(k Task) string {
		if k.Name == "a3" && k.Attempt == 1 {
			return "connection refused"
		}
		return ""
	}
	c.settle()
	if n := c.job().of("a3"); n.Phase != trackerapi.TaskWaiting || !strings.Contains(n.Reason, "connection refused") {
		t.Fatalf("a3: %+v", n)
	}
	c.now = c.plan.Next
	c.settle()
	if s := c.job(); s.Done != 5 || s.of("a3").Attempt != 2 {
		t.Errorf("status: %+v", s)
	}
}

func TestAJobGivesUpAfterItsRetries(t *testing.T) {
	c := warming(t)
	c.fails = func(k Task) string {
		if k.Name == "a3" {
			return "boom"
		}
		return ""
	}
	for range 5 {
		c.settle()
		c.sleep(time.Hour)
	}
	if s := c.job(); !s.Over || s.Failed != 1 || s.Done != 4 || s.of("a3").Reason != "boom" || c.failed != 2 {
		t.Errorf("status: %+v after %d failures", s, c.failed)
	}
}

func TestCancelWithdrawsWhatIsUnderWay(t *testing.T) {
	c := warming(t)
	c.decide()
	c.work()
	c.decide()
	c.jobs[0].Cancelled = true
	c.decide()
	if s := c.job(); !s.Over || s.Done != 2 || s.Cancelled != 3 || !c.idle() || len(c.pinned(redis)) != 0 {
		t.Errorf("status: %+v, pinned on %v", s, c.pinned(redis))
	}
}

func TestAJobEndsAtItsDeadline(t *testing.T) {
	c := warming(t)
	c.jobs[0].Deadline = Duration(time.Minute)
	c.decide()
	if !c.plan.Next.Equal(c.now.Add(time.Minute)) {
		t.Errorf("next: %v", c.plan.Next)
	}
	c.sleep(time.Minute)
	c.decide()
	if s := c.job(); !s.Over || s.Failed != 5 || !c.idle() {
		t.Errorf("status: %+v", s)
	}
}

func TestOnlyAStandingJobIsForNodesThatJoinLater(t *testing.T) {
	for _, standing := range []bool{false, true} {
		c := warming(t)
		c.jobs[0].Standing = standing
		c.settle()
		c.sleep(time.Minute)
		c.join("a9", "a")
		c.settle()
		if s := c.job(); (s.Done == 6) != standing || s.Over == standing {
			t.Errorf("standing %v: %+v", standing, s)
		}
	}
}

func TestAStandingJobGetsAgainWhatVanished(t *testing.T) {
	c := warming(t)
	c.jobs[0].Standing = true
	c.settle()
	c.sleep(time.Hour)
	delete(c.images[c.node("a2").Ordinal], redis)
	if c.settle(); len(c.done) != 6 {
		t.Errorf("done: %v", c.done)
	}
}

func TestANodeThatIsAwayTakesNoTurn(t *testing.T) {
	c := warming(t)
	c.decide()
	gone := c.plan.Tasks[0].Name
	c.set(Away, gone)
	c.decide()
	if s := c.job(); s.Running != 2 || s.of(gone).Reason != "the node is away" {
		t.Errorf("status: %+v", s)
	}
	c.settle()
	c.set(Live, gone)
	c.settle()
	if s := c.job(); s.Done != 5 || !s.Over {
		t.Errorf("status: %+v", s)
	}
}

func TestAJobFindsWhatIsThere(t *testing.T) {
	c := warming(t)
	c.jobs[0].Images = []string{"docker.io/library/redis@" + string(dg("7"))}
	c.pull("a4", c.jobs[0].Images[0], dg("7"))
	c.settle()
	if s := c.job(); s.Done != 5 || len(c.done) != 4 {
		t.Errorf("status: %+v, done: %v", s, c.done)
	}
	if got := c.pinned(c.jobs[0].Images[0]); len(got) != 5 {
		t.Errorf("pinned on %v", got)
	}
}

func TestAJobAndAPolicyShareATask(t *testing.T) {
	c := newCluster(t, 1, 1)
	c.pull("a1", redis, upstream(redis))
	c.policies = []Policy{{Name: "base", Images: []string{"**"}, Factor: 2}}
	c.decide()
	c.jobs = []Job{{ID: "warm", Images: []string{redis}, Select: Selector{Nodes: []string{"a1"}}, Created: c.now}}
	c.decide() // a1 finds the digest
	c.jobs[0].Select = Selector{}
	c.decide()
	if n := c.job().of("b1"); n.Phase != trackerapi.TaskWaiting || n.Task != "" {
		t.Errorf("b1 gets another version of the same image meanwhile: %+v", n)
	}
	c.settle()
	if s := c.job(); s.Done != 2 || len(c.done) != 2 {
		t.Errorf("status: %+v, done: %v", s, c.done)
	}
}
