package placer

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/journal/journaltest"
	"github.com/drayproject/dray/tracker/placement"
)

// job waits for a job to be so, at some tracker.
func (f *fleet) job(id, what string, so func(JobState) bool) (s JobState) {
	f.t.Helper()
	f.within(2*time.Minute, what, func() bool {
		var err error
		s, err = f.all()[0].JobOf(id)
		return err == nil && so(s)
	})
	return s
}

func TestAJobIsDoneRetriedAndToldOf(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t, 2, nil)
		f.node("a1", "a", image)
		for _, name := range []string{"b1", "b2", "b3"} {
			f.node(name, "b")
		}
		f.nodes["b2"].refuse = "no route to the registry"
		f.within(10*time.Second, "one acts", func() bool { return f.acting() != nil })
		job := placement.Job{ID: "warm", Images: []string{image}, Select: placement.Selector{Zones: []string{"b"}}, Budget: placement.Budget{Parallel: 2}, Retries: 1}
		if _, err := f.all()[0].PutJob(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		f.job("warm", "two are done, and one has failed", func(s JobState) bool {
			return !s.Finished.IsZero() && s.Result.Done == 2 && s.Result.Failed == 1
		})
		f.within(10*time.Second, "the other tracker says so, too", func() bool {
			s, err := f.all()[1].JobOf("warm")
			return err == nil && len(s.Status.Nodes) == 1 && s.Status.Nodes[0].Node == "b2" && strings.Contains(s.Status.Nodes[0].Reason, "no route")
		})
		if len(f.acting().log.Latest(events.OfWork, 0, 100, func(e *events.Event) bool { return e.Work.Kind == "job" && e.Work.State == "over" })) != 1 {
			t.Error("that the job is over was not told once")
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.pulled["b2 "+image+" #1"] != 1 || f.pulled["b2 "+image+" #2"] != 1 || f.pulled["b2 "+image+" #3"] != 0 {
			t.Errorf("attempts were %v", f.pulled)
		}
	})
}

func TestACancelledJobStopsWithinASecond(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t, 1, nil)
		f.node("a1", "a", image)
		f.node("b1", "b").speed = time.Minute
		f.within(10*time.Second, "one acts", func() bool { return f.acting() != nil })
		if _, err := f.acting().PutJob(t.Context(), placement.Job{ID: "warm", Images: []string{image}}); err != nil {
			t.Fatal(err)
		}
		tasks := func() int {
			f.nodes["b1"].mu.Lock()
			defer f.nodes["b1"].mu.Unlock()
			return len(f.nodes["b1"].tasks)
		}
		f.within(time.Minute, "it has begun", func() bool { return tasks() == 1 })
		if _, err := f.acting().CancelJob(t.Context(), "warm"); err != nil {
			t.Fatal(err)
		}
		f.within(time.Second, "the node has given it up", func() bool { return tasks() == 0 })
		f.job("warm", "it is over", func(s JobState) bool { return !s.Finished.IsZero() })
	})
}

func TestAStandingJobTakesInNodesThatJoinLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t, 1, nil)
		f.node("a1", "a", image)
		f.within(10*time.Second, "one acts", func() bool { return f.acting() != nil })
		if _, err := f.acting().PutJob(t.Context(), placement.Job{ID: "warm", Images: []string{image}, Standing: true, Pin: true}); err != nil {
			t.Fatal(err)
		}
		f.job("warm", "the first has it", func(s JobState) bool { return s.Status != nil && s.Status.Done == 1 })
		f.node("late", "a")
		f.within(time.Minute, "the late one has it", func() bool { return len(f.nodes["late"].pinned()) == 1 })
		if err := f.acting().DropJob(t.Context(), "warm"); err != nil {
			t.Fatal(err)
		}
		f.within(time.Minute, "nothing is kept for it any more", func() bool { return len(f.holders(image)) == 0 })
	})
}

// A tracker that was frozen, or cut off from the memory, stops before another can
// begin, whatever it believed.
func TestATrackerWithoutItsMemoryStopsToAct(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t, 1, nil)
		f.node("a1", "a", image)
		f.within(10*time.Second, "it acts", func() bool { return f.acting() != nil })
		if err := f.acting().PutPolicy(t.Context(), policyOf(1)); err != nil {
			t.Fatal(err)
		}
		f.within(time.Minute, "it has planned", func() bool { return len(f.holders(image)) == 1 })
		f.memory.Break(context.DeadlineExceeded)
		f.within(hold, "it does not act any more", func() bool { return f.acting() == nil })
		p := f.all()[0]
		if _, err := p.Work(p.nodes.ByName("a1"), f.nodes["a1"].report()); err == nil {
			t.Error("it answers nodes")
		}
		f.within(2*period, "it asks no node", func() bool { return !p.Wants(p.nodes.ByName("a1").Ordinal()) })
		f.memory.Break(nil)
		f.within(10*time.Second, "it acts again", func() bool { return f.acting() != nil })
	})
}

func TestAMemoryThatWasLostIsGivenThePapersAgain(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t, 2, nil)
		f.node("a1", "a", image)
		f.node("b1", "b")
		f.within(10*time.Second, "one acts", func() bool { return f.acting() != nil })
		if err := f.acting().PutPolicy(t.Context(), policyOf(2)); err != nil {
			t.Fatal(err)
		}
		f.within(time.Minute, "there are two", func() bool { return len(f.holders(image)) == 2 })
		f.memory.Flush()
		for range 50 { // whoever is first to ask gets the claim; the other's is not over yet
			f.acting()
			<-time.After(50 * time.Millisecond)
		}
		d := journaltest.Desk(t, f.memory.Journal())
		f.within(time.Minute, "the policy is there again", func() bool {
			all, _, err := d.Papers(t.Context(), journal.Policies)
			return err == nil && len(all) == 1
		})
		<-time.After(30 * time.Second)
		if got := f.holders(image); len(got) != 2 {
			t.Errorf("%v keep it", got)
		}
		f.onceEach()
	})
}

func TestADrainWithoutTimeIsBlockedUntilItIsForced(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t, 1, nil)
		f.node("a1", "a", image)
		f.node("b1", "b").speed = time.Hour
		f.within(10*time.Second, "the node is known", func() bool { return f.acting() != nil && f.acting().nodes.ByName("a1") != nil })
		is := func(s DrainState) func() bool {
			return func() bool { d, there := f.acting().DrainOf("a1"); return there && d.State == s }
		}
		save := func(deadline time.Duration, force bool) {
			if _, err := f.acting().Save(t.Context(), "a1", deadline, force); err != nil {
				t.Fatal(err)
			}
		}
		save(10*time.Second, false)
		f.within(time.Minute, "it is blocked", is(DrainBlocked))
		if d, _ := f.acting().DrainOf("a1"); !strings.Contains(d.Reason(), "1 images would be lost (1010 bytes known)") {
			t.Errorf("the reason is %q", d.Reason())
		}
		save(time.Minute, false)
		f.within(time.Second, "it goes on", is(DrainSaving))
		f.within(2*time.Minute, "it is blocked again", is(DrainBlocked))
		save(0, true)
		f.within(10*time.Second, "it has left", is(DrainLeft))
		if s := f.acting().nodes.ByName("a1").State().String(); s != "draining" {
			t.Errorf("the node is %s", s)
		}
	})
}

func TestSecretsAreForTheirRegistryAlone(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, ".dockerconfigjson"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("team", `{"auths": {
		"https://index.docker.io/v1/": {"auth": "aHViOnNlY3JldDE="},
		"registry.example:5000": {"username": "u", "password": "secret2"},
		"registry.example:5000/deep/path": {"username": "d", "password": "secret3"},
		"token.example": {"identitytoken": "secret4"},
		"broken.example": {"auth": "%"}}}`)
	write("rubbish", "{secret")
	for image, want := range map[string]string{
		"docker.io/library/redis:7": "hub secret1 ", "registry.example:5000/app:1": "u secret2 ", "registry.example:5000/deep/path/app:1": "d secret3 ",
		"registry.example:5000/deep/pathology:1": "u secret2 ", "token.example/app@sha256:1": "  secret4",
	} {
		a, err := Secrets(dir).Auth("team", image)
		if err != nil || a.Username+" "+a.Password+" "+a.Token != want {
			t.Errorf("%s: %+v, %v", image, a, err)
		}
	}
	for name, image := range map[string]string{
		"team": "registry.example.evil/app:1", "nobody": "docker.io/a:1", "rubbish": "docker.io/a:1", "../team": "docker.io/a:1", "": "docker.io/a:1",
	} {
		if a, err := Secrets(dir).Auth(name, image); err == nil || strings.Contains(err.Error(), "secret1") || strings.Contains(err.Error(), "{secret") {
			t.Errorf("%s, %s: %+v, %v", name, image, a, err)
		}
	}
	if _, err := Secrets(dir).Auth("team", "broken.example/a:1"); err == nil {
		t.Error("a broken login was taken")
	}
}

func TestCredentialsGoToTheNodeAndNowhereElse(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "team"), 0o700); err != nil {
		t.Fatal(err)
	}
	text := `{"auths": {"example.org": {"username": "u", "password": "hidden-password"}}}`
	if err := os.WriteFile(filepath.Join(dir, "team", ".dockerconfigjson"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	inBubble(t, func(t *testing.T) {
		f := newFleet(t, 1, func(p *Parts) { p.Secrets = Secrets(dir) })
		f.node("a1", "a")
		f.within(10*time.Second, "one acts", func() bool { return f.acting() != nil })
		for _, job := range []placement.Job{
			{ID: "good", Images: []string{image}, PullSecret: "team"}, {ID: "bad", Images: []string{"example.org/other:1"}, PullSecret: "nobody"},
		} {
			if _, err := f.acting().PutJob(t.Context(), job); err != nil {
				t.Fatal(err)
			}
		}
		f.job("good", "the one with its secret is done", func(s JobState) bool { return !s.Finished.IsZero() && s.Result.Done == 1 })
		bad := f.job("bad", "the one without has failed", func(s JobState) bool { return !s.Finished.IsZero() && s.Result.Failed == 1 })
		if why := bad.Result.Nodes[0].Reason; !strings.Contains(why, "pull secret nobody: it is not there") {
			t.Errorf("it failed because %q", why)
		}
		if a := f.nodes["a1"].auth; len(a) != 1 || a[0] == nil || a[0].Password != "hidden-password" {
			t.Errorf("the node was given %+v", a)
		}
		d := journaltest.Desk(t, f.memory.Journal())
		for _, kind := range journal.Kinds() {
			all, _, err := d.Papers(t.Context(), kind)
			if err != nil {
				t.Fatal(err)
			}
			for _, paper := range all {
				text := paper.Text
				if v, err := unpack(text); err == nil {
					text, _, _ = pack(v)
				}
				if strings.Contains(string(text), "hidden-password") {
					t.Errorf("%s/%s has the password", paper.Kind, paper.Name)
				}
			}
		}
	})
}

func TestAFilesPoliciesAreTheFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "policies.yaml")
	set := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set("policies: [{name: base, images: ['example.org/**'], factor: 1}]")
	inBubble(t, func(t *testing.T) {
		f := newFleet(t, 1, func(p *Parts) { p.File = file })
		f.node("a1", "a", image)
		f.node("b1", "b")
		p := f.all()[0]
		f.within(time.Minute, "one keeps it", func() bool { return len(f.holders(image)) == 1 })
		for _, err := range []error{p.PutPolicy(t.Context(), policyOf(2)), p.DropPolicy(t.Context(), "base")} {
			if err == nil || Status(err) != 409 {
				t.Errorf("a file's policy was changed: %v", err)
			}
		}
		set("policies: [{name: base, factor: broken")
		f.within(10*time.Second, "the fault is told", func() bool { return p.Acting().Fault != "" })
		if s, err := p.Policy("base"); err != nil || s.Factor != 1 || !s.Filed {
			t.Errorf("got %+v, %v", s, err)
		}
		set("policies: [{name: base, images: ['example.org/**'], factor: 2}]")
		f.within(time.Minute, "two keep it", func() bool { return len(f.holders(image)) == 2 })
		if fault := p.Acting().Fault; fault != "" {
			t.Errorf("the fault is still %q", fault)
		}
	})
	if _, err := New(Parts{File: file + "none"}, nil); err == nil {
		t.Error("a tracker began without its file")
	}
}

func FuzzUnpackView(f *testing.F) {
	text, _, err := pack(View{Images: []placement.Status{{Policy: "p"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = unpack(text) })
}
