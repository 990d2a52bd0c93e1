package bench

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/drayproject/dray/loadtest/figures"
)

// Report is everything that a run has measured.
type Report struct {
	Machine Machine   `json:"machine"`
	Rounds  int       `json:"rounds"`
	Figures []*Figure `json:"figures"`

	part       string    // that is being measured
	progress   io.Writer // what is told as it is measured; may be nil
	crowdRate  int64     // of the crowd's links, bits per second
	crowdCases []string  // empty: all
}

// Figure is one quantity, measured once a round.
type Figure struct {
	Part   string          `json:"part"`
	Name   string          `json:"name"`
	Unit   string          `json:"unit"`
	Values []float64       `json:"values"` // one a round, in order
	Median float64         `json:"median"`
	Target *figures.Target `json:"target,omitempty"` // nil: it is there to compare with
}

var atLeast, atMost = figures.AtLeast, figures.AtMost

// note adds one round's value of a figure. A figure is known by its name; what
// it says besides is taken from its first round.
func (r *Report) note(name, unit string, target *figures.Target, v float64) {
	i := slices.IndexFunc(r.Figures, func(f *Figure) bool { return f.Part == r.part && f.Name == name })
	if i < 0 {
		i = len(r.Figures)
		r.Figures = append(r.Figures, &Figure{Part: r.part, Name: name, Unit: unit, Target: target})
	}
	f := r.Figures[i]
	f.Values = append(f.Values, v)
	f.Median = figures.Quantile(f.Values, 0.5)
	if r.progress != nil {
		_, _ = fmt.Fprintf(r.progress, "  %s: %s %s\n", name, figures.Number(v), unit)
	}
}

func writeTable(w io.Writer, r *Report) error {
	if _, err := fmt.Fprintf(w, "%s\nmedians of %d rounds\n\n", r.Machine, r.Rounds); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "PART\tFIGURE\tMEDIAN\tMIN – MAX\tUNIT\tTARGET\t")
	for _, f := range r.Figures {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s – %s\t%s\t%s\t\n", f.Part, f.Name, figures.Number(f.Median),
			figures.Number(slices.Min(f.Values)), figures.Number(slices.Max(f.Values)), f.Unit, f.Target.Verdict(f.Median))
	}
	return t.Flush()
}
