package placer

import (
	"slices"
	"testing"
	"time"

	"github.com/drayproject/dray/tracker/roster"
)

func TestAnImageIsPutWhereItsPolicyWantsIt(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t, 2, nil)
		for i, name := range []string{"a1", "a2", "b1", "b2", "c1", "c2"} {
			if i == 0 {
				f.node(name, name[:1], image)
			} else {
				f.node(name, name[:1])
			}
		}
		f.within(10*time.Second, "one acts", func() bool { return f.acting() != nil })
		other := f.all()[0]
		if other == f.acting() {
			other = f.all()[1]
		}
		if err := other.PutPolicy(t.Context(), policyOf(3)); err != nil {
			t.Fatal(err)
		}
		f.within(time.Minute, "three zones have it", func() bool {
			zones := map[byte]bool{}
			for _, h := range f.holders(image) {
				zones[h[0]] = true
			}
			return len(zones) == 3 && len(f.holders(image)) == 3
		})
		for _, tr := range f.all() {
			f.within(10*time.Second, "every tracker tells that it is satisfied", func() bool {
				s, err := tr.Policy("base")
				return err == nil && len(s.Images) == 1 && len(s.Images[0].Have) == 3 && s.Images[0].Missing == 0
			})
		}
		<-time.After(time.Minute)
		if got := f.holders(image); len(got) != 3 {
			t.Errorf("later %v have it", got)
		}
		f.onceEach()
	})
}

func TestADeadHolderIsReplacedAndItsSurplusReleased(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t, 1, nil)
		f.node("a1", "a", image)
		f.node("a2", "a")
		f.node("b1", "b")
		f.within(10*time.Second, "one acts", func() bool { return f.acting() != nil })
		if err := f.acting().PutPolicy(t.Context(), policyOf(2)); err != nil {
			t.Fatal(err)
		}
		f.within(time.Minute, "there are two", func() bool { return len(f.holders(image)) == 2 })
		f.nodes["a1"].stop()
		f.within(2*time.Minute, "it is repaired", func() bool { return slices.Contains(f.holders(image), "a2") })
		f.nodes["a1"].run()
		f.within(2*time.Minute, "the surplus is released", func() bool { return len(f.holders(image)) == 2 })
		f.onceEach()
	})
}

func TestAnotherTrackerGoesOnWhenTheActingOneDies(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t, 3, nil)
		f.node("a1", "a", image)
		for _, name := range []string{"b1", "c1", "d1", "e1"} {
			f.node(name, name[:1]).speed = 10 * time.Second
		}
		f.within(10*time.Second, "one acts", func() bool { return f.acting() != nil })
		if err := f.acting().PutPolicy(t.Context(), policyOf(5)); err != nil {
			t.Fatal(err)
		}
		f.within(time.Minute, "it has begun", func() bool { return len(f.acting().View().Tasks) >= 4 })
		first := f.acting()
		f.kill(first)
		begin := time.Now()
		f.within(5*time.Second, "another acts", func() bool { return f.acting() != nil })
		t.Log("another acts after", time.Since(begin))
		f.within(time.Minute, "all have it", func() bool { return len(f.holders(image)) == 5 })
		f.onceEach()
		if tasks := f.acting().View().Tasks; len(tasks) > 4 {
			t.Errorf("there are %d tasks", len(tasks))
		}
	})
}

func TestADrainThatSavesWaitsForTheCopies(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		f := newFleet(t, 2, nil)
		f.node("a1", "a", image, "example.org/other:1")
		f.node("b1", "b")
		f.within(10*time.Second, "one acts", func() bool { return f.acting() != nil })
		f.within(10*time.Second, "the node is known", func() bool { return f.acting().nodes.ByName("a1") != nil })
		if _, err := f.acting().Save(t.Context(), "a1", time.Minute, false); err != nil {
			t.Fatal(err)
		}
		f.within(10*time.Second, "it is saving", func() bool {
			d, there := f.acting().DrainOf("a1")
			return there && d.State == DrainSaving && len(d.Left) == 2
		})
		f.kill(f.acting())
		f.within(time.Minute, "it has left", func() bool {
			d, there := f.all()[0].DrainOf("a1")
			return there && d.State == DrainLeft
		})
		if got := len(f.nodes["b1"].announcement().Images); got != 2 {
			t.Errorf("the other node has %d images", got)
		}
		if s := f.acting().nodes.ByName("a1").State(); s != roster.Draining {
			t.Errorf("the node is %s", s)
		}
		f.onceEach()
	})
}
