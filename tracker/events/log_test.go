package events

import (
	"fmt"
	"slices"
	"testing"

	"github.com/drayproject/dray/tracker/roster"
)

func verdict(l *Log, node string) { l.Observe(roster.Verdict{Node: node, To: roster.Dead}) }

func named(events []Event) (names []string) {
	for _, e := range events {
		if e.Verdict != nil {
			names = append(names, e.Verdict.Node)
		} else {
			names = append(names, e.Pull.Node)
		}
	}
	return names
}

func all(*Event) bool { return true }

func TestLatestAreTheNewestOfTheirKind(t *testing.T) {
	l := NewLog(3)
	for i := range 5 {
		verdict(l, fmt.Sprint(i))
		l.Add(Event{Pull: &Pull{Node: "pull", State: Complete}})
	}
	first := l.Latest(OfVerdict, 0, 2, all)
	if got := named(first); !slices.Equal(got, []string{"4", "3"}) {
		t.Fatalf("got %v", got)
	}
	if got := named(l.Latest(OfVerdict, first[1].ID, 2, all)); !slices.Equal(got, []string{"2"}) {
		t.Fatalf("then %v; the log keeps three", got)
	}
	only := l.Latest(OfVerdict, 0, 9, func(e *Event) bool { return e.Verdict.Node == "2" })
	if got := named(only); !slices.Equal(got, []string{"2"}) {
		t.Fatalf("got %v", got)
	}
}

func TestWhoFollowsSeesEverythingInOrder(t *testing.T) {
	l := NewLog(10)
	at := l.Last()
	verdict(l, "a")
	l.Add(Event{Pull: &Pull{Node: "b", State: Running}})
	l.Add(Event{Pull: &Pull{Node: "c", State: Lost}})
	verdict(l, "d")
	got, gap, _ := l.Since(at)
	if !slices.Equal(named(got), []string{"a", "b", "c", "d"}) || gap {
		t.Fatalf("got %v, gap %v", named(got), gap)
	}
	got, gap, more := l.Since(got[1].ID)
	if !slices.Equal(named(got), []string{"c", "d"}) || gap {
		t.Fatalf("got %v, gap %v", named(got), gap)
	}
	select {
	case <-more:
		t.Fatal("there is nothing more yet")
	default:
	}
	verdict(l, "e")
	<-more
}

func TestWhoIsTooSlowFindsAGap(t *testing.T) {
	l := NewLog(2)
	at := l.Last()
	for i := range 3 {
		verdict(l, fmt.Sprint(i))
	}
	got, gap, _ := l.Since(at)
	if !gap || !slices.Equal(named(got), []string{"1", "2"}) {
		t.Fatalf("got %v, gap %v", named(got), gap)
	}
	if got, gap, _ := l.Since(got[1].ID); gap || len(got) != 0 {
		t.Fatalf("then %v, gap %v", named(got), gap)
	}
}

func TestAnotherRunsNumberIsAGap(t *testing.T) {
	l := NewLog(2)
	verdict(l, "a")
	for _, id := range []uint64{1, l.Last() + 1_000_000} {
		if got, gap, _ := l.Since(id); !gap || !slices.Equal(named(got), []string{"a"}) {
			t.Errorf("after %d: %v, gap %v", id, named(got), gap)
		}
	}
}
