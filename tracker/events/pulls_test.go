package events

import (
	"slices"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/roster"
)

var one, two = digest.FromString("1"), digest.FromString("2")

func over(l *Log) []Event { return l.Latest(OfPull, 0, 100, all) }

func TestAPullIsToldFromItsBeginningToItsEnd(t *testing.T) {
	l := NewLog(100)
	p := NewPulls(l)
	at := l.Last()
	for _, i := range []trackerapi.Ingest{
		{Digest: one, Offset: 10, Size: 100, Parent: "a"},
		{Digest: one, Offset: 40, Size: 100, Parent: "a", Rate: 7}, // no news
		{Digest: one, Offset: 50, Size: 100, Parent: "b"},
		{Digest: one, Offset: 100, Size: 100, Parent: "", Ended: true},
	} {
		p.Hear("n", []trackerapi.Ingest{i}, false)
	}
	told, _, _ := l.Since(at)
	var states []PullState
	for _, e := range told {
		states = append(states, e.Pull.State)
	}
	if !slices.Equal(states, []PullState{Running, Running, Complete}) {
		t.Fatalf("told %v", states)
	}
	want := []Source{{"a", 40}, {"b", 10}, {"", 50}}
	if got := told[2].Pull; !slices.Equal(got.Sources, want) || got.Offset != 100 || got.Over.IsZero() {
		t.Fatalf("the end is %+v; want sources %v", got, want)
	}
	if len(told[0].Pull.Sources) != 1 || told[0].Pull.Sources[0].Bytes != 10 {
		t.Fatalf("what was told has changed since: %+v", told[0].Pull)
	}
	if got, want := p.Totals(), (Totals{Complete: 1, PeerBytes: 50, OriginBytes: 50}); got != want {
		t.Fatalf("totals %+v; want %+v", got, want)
	}
}

func TestHowPullsEnd(t *testing.T) {
	ingest := trackerapi.Ingest{Digest: one, Offset: 5, Size: 10}
	ended := ingest
	ended.Ended = true
	for name, c := range map[string]struct {
		end  func(*Pulls)
		want PullState
	}{
		"short":             {func(p *Pulls) { p.Hear("n", []trackerapi.Ingest{ended}, false) }, Ended},
		"not mentioned":     {func(p *Pulls) { p.Hear("n", nil, true) }, Lost},
		"others mentioned":  {func(p *Pulls) { p.Hear("n", []trackerapi.Ingest{{Digest: two, Offset: 1}}, true) }, Lost},
		"node is dead":      {func(p *Pulls) { p.Observe(roster.Verdict{Node: "n", To: roster.Dead}) }, Lost},
		"node is gone":      {func(p *Pulls) { p.Observe(roster.Verdict{Node: "n", To: roster.Gone}) }, Lost},
		"mentioned":         {func(p *Pulls) { p.Hear("n", []trackerapi.Ingest{ingest}, true) }, ""},
		"part of the truth": {func(p *Pulls) { p.Hear("n", nil, false) }, ""},
		"node is suspect":   {func(p *Pulls) { p.Observe(roster.Verdict{Node: "n", To: roster.Suspect}) }, ""},
		"another's death":   {func(p *Pulls) { p.Observe(roster.Verdict{Node: "m", To: roster.Dead}) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := NewLog(10)
			p := NewPulls(l)
			p.Hear("n", []trackerapi.Ingest{ingest}, true)
			c.end(p)
			got := PullState("")
			for _, e := range over(l) {
				got = e.Pull.State
			}
			if got != c.want {
				t.Fatalf("the pull is %q; want %q", got, c.want)
			}
			running := len(p.Running(func(p *Pull) bool { return p.Digest == one })) == 1
			if running != (c.want == "") {
				t.Fatalf("running: %v", running)
			}
		})
	}
}

func TestAnIngestThatBeginsAgainCountsItsBytesAgain(t *testing.T) {
	p := NewPulls(NewLog(10))
	for _, offset := range []int64{50, 20, 30} {
		p.Hear("n", []trackerapi.Ingest{{Digest: one, Offset: offset, Parent: "a"}}, true)
	}
	if got := p.Totals().PeerBytes; got != 80 {
		t.Fatalf("%d bytes; want 80", got)
	}
}

func TestWhatWasOverBeforeItWasHeardOfIsNoPull(t *testing.T) {
	l := NewLog(10)
	p := NewPulls(l)
	p.Hear("n", []trackerapi.Ingest{{Digest: one, Ended: true}}, false)
	if len(over(l)) != 0 || p.Totals() != (Totals{}) {
		t.Fatalf("%v, %+v", over(l), p.Totals())
	}
}

func TestSourcesAreBounded(t *testing.T) {
	p := NewPulls(NewLog(10))
	for i := range 3 * maxSources {
		p.Hear("n", []trackerapi.Ingest{{Digest: one, Offset: int64(i + 1), Parent: string(rune('a' + i))}}, false)
	}
	if got := p.Running(func(*Pull) bool { return true })[0].Sources; len(got) != maxSources {
		t.Fatalf("%d sources", len(got))
	}
}
