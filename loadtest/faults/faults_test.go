package faults

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

// Nothing here is about how long things take: that is for an idle machine.
func TestNoPullFailsInAnyScene(t *testing.T) {
	testbed.Require(t)
	r, err := Run(t.Context(), Options{
		Only: []string{"killed", "layer", "first-byte"}, Rounds: 1, Layer: 32 << 20, Rate: testbed.Gbit, Duration: time.Second,
	}, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	for _, failure := range r.Failures {
		t.Error(failure)
	}
	if want := 1 + 2 + warmUp + 1; r.Pulls != want || len(r.Figures) != 7 {
		t.Errorf("%d pulls, %d figures", r.Pulls, len(r.Figures))
	}
}

func TestTableSaysWhatWasMissed(t *testing.T) {
	r := &Report{scene: "idle"}
	r.note("slow", atMost(10), 11*time.Millisecond)
	r.note("quick", atMost(10), 10*time.Millisecond)
	r.pulled(pull{err: os.ErrDeadlineExceeded})
	var out bytes.Buffer
	if err := writeTable(&out, r); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"slow", "pulls failed, of 1"} {
		if got := lineWith(out.String(), line); !strings.Contains(got, "MISSED") {
			t.Errorf("%q", got)
		}
	}
	if got := lineWith(out.String(), "quick"); !strings.Contains(got, "10.0  met") {
		t.Errorf("%q", got)
	}
}

func TestFiguresAreComparedByQuantiles(t *testing.T) {
	r := &Report{scene: "idle"}
	for i := range 100 {
		r.note("well", nil, time.Duration(i)*time.Millisecond)
		r.note("late", nil, time.Duration(102-i)*time.Millisecond)
	}
	r.differ("later", atMost(1), r.figure("late", "", nil), r.figure("well", "", nil))
	if f := r.figure("later", "", nil); f.P50 != 3 || f.P99 != 3 || f.Unit != "ms" || f.Target.Met(f.P99) {
		t.Errorf("got %+v", f)
	}
}

func lineWith(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			return line
		}
	}
	return ""
}

func TestWrongOptionsAreRefused(t *testing.T) {
	for _, wrong := range []func(*Options){
		func(o *Options) { o.Only = []string{"earthquake"} },
		func(o *Options) { o.Rounds = 0 },
		func(o *Options) { o.Layer = 1000 },
		func(o *Options) { o.Rate = -1 },
		func(o *Options) { o.Duration = 0 },
	} {
		o := defaults()
		wrong(&o)
		if o.check() == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
