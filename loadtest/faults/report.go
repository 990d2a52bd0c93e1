package faults

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/drayproject/dray/loadtest/figures"
)

// Report is everything that a run has measured.
type Report struct {
	Machine string    `json:"machine"`
	Options Options   `json:"options"`
	Setting string    `json:"setting"` // how it was measured
	Figures []*Figure `json:"figures"`
	// Failures are the pulls that did not bring the whole of the right blob.
	Pulls    int      `json:"pulls"`
	Failures []string `json:"failures"`

	scene string // that is being played
}

// setting is said with every report: what the figures do not contain.
const setting = "real trackers and seeders in network namespaces, no registry; pulls are GETs at the mirror without containerd, " +
	"and one that ends short counts as failed. Times begin before the command that unplugs, so they contain it."

// Figure is one quantity, measured once a round or more often.
type Figure struct {
	Scene  string    `json:"scene"`
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Values []float64 `json:"values"` // in order; none if it compares two others
	P50    float64   `json:"p50"`
	P99    float64   `json:"p99"`
	// Target is for the 99th percentile; nil: the figure is there to compare
	// with.
	Target *figures.Target `json:"target,omitempty"`
}

var atMost = figures.AtMost

// note adds one value of a figure.
func (r *Report) note(name string, target *figures.Target, took time.Duration) {
	r.add(name, "ms", target, float64(took)/float64(time.Millisecond))
}

func (r *Report) add(name, unit string, target *figures.Target, v float64) {
	f := r.figure(name, unit, target)
	f.Values = append(f.Values, v)
	f.P50, f.P99 = figures.Quantile(f.Values, 0.5), figures.Quantile(f.Values, 0.99)
}

// differ compares two figures of the scene, quantile by quantile. The quantiles
// of what one round's values differ by would be those of the noise of both.
func (r *Report) differ(name string, target *figures.Target, more, than *Figure) {
	f := r.figure(name, more.Unit, target)
	f.P50, f.P99 = more.P50-than.P50, more.P99-than.P99
}

// figure finds a figure of the scene by its name, or makes it.
func (r *Report) figure(name, unit string, target *figures.Target) *Figure {
	i := slices.IndexFunc(r.Figures, func(f *Figure) bool { return f.Scene == r.scene && f.Name == name })
	if i >= 0 {
		return r.Figures[i]
	}
	f := &Figure{Scene: r.scene, Name: name, Unit: unit, Target: target}
	r.Figures = append(r.Figures, f)
	return f
}

// pulled counts a pull, and remembers one that has failed.
func (r *Report) pulled(p pull) {
	r.Pulls++
	if p.err != nil {
		r.Failures = append(r.Failures, fmt.Sprintf("%s: %v", r.scene, p.err))
	}
}

func writeTable(w io.Writer, r *Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "%s\n%s\n\nSCENE\tFIGURE\tVALUES\tP50\tP99\tUNIT\tWANTED AT P99\t\n", r.Machine, r.Setting)
	for _, f := range r.Figures {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t\n", f.Scene, f.Name, len(f.Values), figures.Number(f.P50), figures.Number(f.P99), f.Unit, f.Target.Verdict(f.P99))
	}
	_, _ = fmt.Fprintf(t, "all\tpulls failed, of %d\t\t\t%d\tpulls\t%s\t\n", r.Pulls, len(r.Failures), atMost(0).Verdict(float64(len(r.Failures))))
	for _, failure := range r.Failures {
		_, _ = fmt.Fprintf(t, "\t%s\t\n", failure)
	}
	return t.Flush()
}
