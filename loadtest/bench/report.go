package bench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
)

// Report is everything that a run has measured.
type Report struct {
	Machine Machine   `json:"machine"`
	Rounds  int       `json:"rounds"`
	Figures []*Figure `json:"figures"`

	part      string // that is being measured
	crowdRate int64  // of the crowd's links, bits per second
}

// Figure is one quantity, measured once a round.
type Figure struct {
	Part   string    `json:"part"`
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Values []float64 `json:"values"` // one a round, in order
	Median float64   `json:"median"`
	Target *Target   `json:"target,omitempty"` // nil: it is there to compare with
}

// Target is what a figure should reach.
type Target struct {
	Bound   float64 `json:"bound"`
	AtLeast bool    `json:"at_least"` // otherwise at most
}

func atLeast(bound float64) *Target { return &Target{Bound: bound, AtLeast: true} }
func atMost(bound float64) *Target  { return &Target{Bound: bound} }

// Met tells whether a value reaches the target.
func (t Target) Met(v float64) bool {
	if t.AtLeast {
		return v >= t.Bound
	}
	return v <= t.Bound
}

func (t Target) String() string {
	if t.AtLeast {
		return "≥ " + number(t.Bound)
	}
	return "≤ " + number(t.Bound)
}

// note adds one round's value of a figure. A figure is known by its name; what
// it says besides is taken from its first round.
func (r *Report) note(name, unit string, target *Target, v float64) {
	i := slices.IndexFunc(r.Figures, func(f *Figure) bool { return f.Part == r.part && f.Name == name })
	if i < 0 {
		i = len(r.Figures)
		r.Figures = append(r.Figures, &Figure{Part: r.part, Name: name, Unit: unit, Target: target})
	}
	f := r.Figures[i]
	f.Values = append(f.Values, v)
	f.Median = quantile(f.Values, 0.5)
}

// quantile is the nearest-rank quantile, 0 < q ≤ 1.
func quantile[T cmp.Ordered](values []T, q float64) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(math.Ceil(q*float64(len(sorted))))-1]
}

var writers = map[string]func(io.Writer, *Report) error{
	"table": writeTable,
	"json":  writeJSON,
}

func writeJSON(w io.Writer, r *Report) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(r)
}

func writeTable(w io.Writer, r *Report) error {
	if _, err := fmt.Fprintf(w, "%s\nmedians of %d rounds\n\n", r.Machine, r.Rounds); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "PART\tFIGURE\tMEDIAN\tMIN – MAX\tUNIT\tTARGET\t")
	for _, f := range r.Figures {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s – %s\t%s\t%s\t\n", f.Part, f.Name, number(f.Median),
			number(slices.Min(f.Values)), number(slices.Max(f.Values)), f.Unit, f.verdict())
	}
	return t.Flush()
}

func (f *Figure) verdict() string {
	switch {
	case f.Target == nil:
		return ""
	case f.Target.Met(f.Median):
		return f.Target.String() + "  met"
	default:
		return f.Target.String() + "  MISSED"
	}
}

// number has three significant digits, and no exponent.
func number(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.3f", v)
	}
}
