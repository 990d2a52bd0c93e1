package fetcher

import (
	"testing"
	"time"
)

// flight is a body as its pilot sees it: stretch after stretch.
type flight struct {
	pilot
	now  time.Time
	fare fare
}

func newFlight(most int) *flight {
	f := &flight{pilot: pilot{most: most}, now: time.Unix(0, 0), fare: fare{left: 1 << 40, sources: 1}}
	f.mark(f.now, f.fare)
	return f
}

// pass is a time in which bytes come at a rate, and the reader waits for a part of
// it, in percent.
func (f *flight) pass(d time.Duration, rate int64, waiting int) change {
	f.now = f.now.Add(d)
	f.fare.arrived += int64(d) * rate / int64(time.Second)
	f.fare.waited += d * time.Duration(waiting) / 100
	c := f.judge(f.now, f.fare)
	switch c {
	case more:
		f.fare.sources++
	case fewer:
		f.fare.sources--
	}
	return c
}

func TestAPilotTriesAndKeepsWhatHelps(t *testing.T) {
	f := newFlight(3)
	for i, step := range []struct {
		d       time.Duration
		rate    int64
		waiting int
		want    change
	}{
		{stretch / 2, 1000, 100, stay},           // it is too early
		{stretch / 2, 1000, 100, more},           // the reader waits
		{stretch, 2000, 100, more},               // that was good
		{stretch, 2100, 100, fewer},              // that was not
		{leastRest / 2, 2000, 100, stay},         // for a while it is not tried again
		{leastRest/2 + stretch, 2000, 100, more}, // and then it is
		{stretch, 3000, 100, stay},               // that are all
		{stretch, 1000, 100, stay},               // what was good once is not judged again
	} {
		if got := f.pass(step.d, step.rate, step.waiting); got != step.want {
			t.Fatalf("step %d: %v; want %v", i, got, step.want)
		}
	}
}

func TestAPilotLeavesWellAlone(t *testing.T) {
	for name, prepare := range map[string]func(*flight) (waiting int){
		"the reader is slow":        func(*flight) int { return 40 },
		"one source is allowed":     func(f *flight) int { f.most = 1; return 100 },
		"it is nearly done":         func(f *flight) int { f.fare.left = 400; return 100 },
		"all sources are in use":    func(f *flight) int { f.fare.sources = 4; return 100 },
		"there was nobody a second": func(f *flight) int { f.alone(f.now); return 100 },
	} {
		f := newFlight(4)
		if got := f.pass(stretch, 1000, prepare(f)); got != stay {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTriesOfNoUseBecomeRare(t *testing.T) {
	f, tries := newFlight(4), 0
	for range 10 * 60 * 10 { // ten minutes
		if f.pass(stretch/3, 1000, 100) == more {
			tries++
		}
	}
	if tries < 15 || tries > 30 {
		t.Errorf("%d tries", tries)
	}
}
