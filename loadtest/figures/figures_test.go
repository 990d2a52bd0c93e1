package figures

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestQuantileIsTheNearestRank(t *testing.T) {
	values := []float64{5, 1, 4, 2, 3}
	for q, want := range map[float64]float64{0.01: 1, 0.5: 3, 0.8: 4, 0.81: 5, 0.99: 5, 1: 5} {
		if got := Quantile(values, q); got != want {
			t.Errorf("quantile %v of %v: got %v; want %v", q, values, got, want)
		}
	}
	if got := Quantile([]float64{7}, 0.5); got != 7 {
		t.Errorf("the median of one value is %v", got)
	}
}

func TestVerdictSaysWhatWasMissed(t *testing.T) {
	for _, c := range []struct {
		target *Target
		v      float64
		want   string
	}{
		{nil, 1, ""},
		{AtMost(20), 20, "≤ 20.0  met"},
		{AtMost(0), 0.1, "≤ 0  MISSED"},
		{AtLeast(95), 95, "≥ 95.0  met"},
		{AtLeast(95), 94.9, "≥ 95.0  MISSED"},
	} {
		if got := c.target.Verdict(c.v); got != c.want {
			t.Errorf("%v of %+v: %q; want %q", c.v, c.target, got, c.want)
		}
	}
}

func TestNumberHasThreeDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1234.5: "1234", -12.34: "-12.3", 1.234: "1.23", -0.1234: "-0.123"} {
		if got := Number(v); got != want {
			t.Errorf("%v is %q; want %q", v, got, want)
		}
	}
}

func TestWriterIsForTableOrJSON(t *testing.T) {
	table := func(w io.Writer, r []int) error { _, err := fmt.Fprint(w, "table of ", len(r)); return err }
	for format, want := range map[string]string{"table": "table of 2", "json": "[\n  1,\n  2\n]\n"} {
		var out strings.Builder
		write, err := Writer(format, table)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(&out, []int{1, 2}); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v", format, out.String(), err)
		}
	}
	if _, err := Writer("xml", table); err == nil {
		t.Error("xml is accepted")
	}
}
