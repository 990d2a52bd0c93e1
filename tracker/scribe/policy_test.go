package scribe

import (
	"fmt"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/roster"
)

func TestWhoWritesWhichPage(t *testing.T) {
	id := &trackerapi.Node{Name: "a", Epoch: 5}
	now := glance{id: id, state: roster.Ready, as: index.Version{Hash: 1, Seq: 7, Announced: true}}
	with := func(change func(*glance)) glance {
		g := now
		change(&g)
		return g
	}
	var (
		dead     = with(func(g *glance) { g.state = roster.Dead })
		restored = with(func(g *glance) { g.as.Announced = false })
		same     = page{there: true, epoch: 5, hash: 1, ours: now}
		other    = page{there: true, epoch: 5, hash: 2, ours: now}
		unread   = page{there: true, epoch: 5, hash: 1}
		earlier  = page{there: true, epoch: 4, hash: 1}
		later    = page{there: true, epoch: 6, hash: 1}
		moved    = page{there: true, epoch: 5, hash: 1, ours: with(func(g *glance) { g.as.Seq = 6 })}
	)
	struck := func(p page) page {
		p.strikes = patience
		return p
	}
	for name, c := range map[string]struct {
		page               page
		glance             glance
		atHome, out, alone bool // due at home; elsewhere; at home when the writer is gone
	}{
		"as it was":                        {same, now, false, false, true},
		"not compared with before":         {unread, now, false, false, true},
		"other set":                        {other, now, true, false, true},
		"other set, still":                 {struck(other), now, true, true, true},
		"other set, but node is dead":      {struck(other), dead, false, false, false},
		"other set, not confirmed":         {struck(other), restored, false, false, false},
		"earlier run":                      {earlier, now, true, false, true},
		"later run, yet this one is heard": {later, now, true, false, true},
		"later run, and this one is dead":  {later, dead, false, false, false},
		"missing":                          {page{}, now, true, false, true},
		"missing, still":                   {struck(page{}), now, true, true, true},
		"missing, node is dead":            {struck(page{}), dead, true, false, true},
		"missing, not confirmed":           {struck(page{}), restored, true, false, true},
		"died since":                       {same, dead, true, false, true},
		"there and back to the same set":   {moved, now, true, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.page.due(c.glance, true, false); got != c.atHome {
				t.Errorf("at home: %v", got)
			}
			if got := c.page.due(c.glance, false, false); got != c.out {
				t.Errorf("elsewhere: %v", got)
			}
			if got := c.page.due(c.glance, true, true); got != c.alone {
				t.Errorf("at home, the writer being gone: %v", got)
			}
			if c.page.due(c.glance, false, true) != c.out {
				t.Error("elsewhere, the writer being gone, it is different")
			}
		})
	}
}

func TestHomesAreSharedAndMoveOnlyFromWhoIsAbsent(t *testing.T) {
	begin := time.Now()
	a := attendance{me: "me", seen: map[string]beat{}}
	a.note(map[string]int64{"me": 1, "b": 1, "c": 1}, begin)
	before := map[string]string{}
	count := map[string]int{}
	for i := range 3000 {
		node := fmt.Sprint(i)
		before[node] = a.home(node, begin)
		count[before[node]]++
	}
	for id, n := range count {
		if n < 900 || n > 1100 {
			t.Errorf("%s has %d nodes", id, n)
		}
	}
	later := begin.Add(absentAfter + time.Second)
	a.note(map[string]int64{"me": 1, "b": 1, "c": 2}, later) // b's beat is the same
	for node, home := range before {
		switch now := a.home(node, later); {
		case now == "b":
			t.Fatalf("%s is at home with who is absent", node)
		case home != "b" && now != home:
			t.Fatalf("%s has moved from %s to %s", node, home, now)
		}
	}
	a.note(map[string]int64{"me": 1, "b": 2, "c": 3}, later)
	for node, home := range before {
		if now := a.home(node, later); now != home {
			t.Fatalf("%s is with %s, not with %s again", node, now, home)
		}
	}
}

func TestWhoIsGone(t *testing.T) {
	begin := time.Now()
	a := attendance{me: "me", seen: map[string]beat{}}
	a.note(map[string]int64{"me": 1, "b": 1}, begin)
	soon, late := begin.Add(goneAfter), begin.Add(goneAfter+absentAfter+time.Second)
	if a.gone("me", late) || a.gone("b", soon) || !a.gone("b", late) || !a.gone("", begin) {
		t.Error("wrong about those who were seen")
	}
	if a.gone("never seen", soon) || a.gone("never seen", soon.Add(goneAfter/2)) || !a.gone("never seen", soon.Add(goneAfter)) {
		t.Error("wrong about who was never seen")
	}
	if a.home("x", soon) == "never seen" {
		t.Error("who was never seen is a home")
	}
}

func TestHistoryKeepsTheLatest(t *testing.T) {
	h := NewHistory()
	remembered := []journal.Verdict{{At: time.Unix(1, 0).UTC(), State: "ready", Reason: "register"}}
	h.Observe(roster.Verdict{Node: "a", To: roster.Dead, Reason: roster.BySilence})
	h.before("a", remembered)
	h.before("a", remembered) // twice is once
	if got := h.of("a"); len(got) != 2 || got[0] != remembered[0] || got[1].State != "dead" {
		t.Fatalf("got %v", got)
	}
	for range journal.MaxHistory {
		h.Observe(roster.Verdict{Node: "a", To: roster.Suspect, Reason: roster.BySilence})
	}
	if got := h.of("a"); len(got) != journal.MaxHistory || got[0].State != "suspect" {
		t.Fatalf("got %v", got)
	}
	h.Observe(roster.Verdict{Node: "a", To: roster.Purged})
	if got := h.of("a"); len(got) != 0 {
		t.Fatalf("got %v", got)
	}
}

func TestTrackersThatAreThereAreCounted(t *testing.T) {
	a := attendance{me: "me", seen: map[string]beat{}}
	begin := time.Now()
	a.note(map[string]int64{"me": 1, "there": 1, "away": 1}, begin)
	later := begin.Add(absentAfter + 1)
	a.note(map[string]int64{"me": 1, "there": 2, "away": 1}, later)
	if got := a.present(later); got != 2 {
		t.Errorf("%d trackers are there; want 2", got)
	}
}
