package fleet

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestEveryKindOfQuestionIsAskedBesideLookups(t *testing.T) {
	o := defaults()
	o.Nodes, o.Digests, o.Images, o.Redis = 100, 50, 150, "none"
	o.Duration, o.Lookups, o.Workers = 100*time.Millisecond, 200, 8
	o.Only = []string{"people"}
	r, err := Run(t.Context(), o, logWriter{t})
	if err != nil {
		t.Fatal(err)
	}
	checkErrors(t, r)
	if len(r.Questions) < 20 {
		t.Errorf("%d kinds of questions", len(r.Questions))
	}
	for _, q := range r.Questions {
		if q.Asked == 0 || q.Slowest <= 0 || q.Alone <= 0 || q.Beside <= 0 {
			t.Errorf("%+v", q)
		}
	}
	var b bytes.Buffer
	if err := writeTable(&b, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"QUESTION", "at risk", "dry run", "all kinds, seven a second", "lookups, somebody asks"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing from\n%s", want, &b)
		}
	}
}

func TestTurnsAddUp(t *testing.T) {
	whole := newTurns()
	for _, ms := range []int{1, 2, 100} {
		rec := newRecorder()
		for range 50 {
			rec.verbs[lookupOne].add(time.Duration(ms) * time.Millisecond)
		}
		rec.wrong("late")
		whole.add(rec, 2, 0.5)
	}
	if got := whole.p99(); got < 2 || got > 2.1 {
		t.Errorf("the middle one of the turns has a p99 of %v ms; want 2", got)
	}
	p := whole.phase("all")
	if p.count() != 150 || p.Errors["late"] != 3 || p.Seconds != 6 || p.CPUSeconds != 1.5 {
		t.Errorf("%+v", p)
	}
	if v := p.Verbs[0]; v.P50 < 2 || v.P50 > 2.1 || v.Max != 100 {
		t.Errorf("half within %v ms, all within %v", v.P50, v.Max)
	}
}
