package faults

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"
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

// Figure is one quantity, measured once a round; the unit is milliseconds
// unless it says otherwise.
type Figure struct {
	Scene  string    `json:"scene"`
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Values []float64 `json:"values"` // in the order of the rounds
	P50    float64   `json:"p50"`
	P99    float64   `json:"p99"`
	// AtMost is what the 99th percentile should be at most; nil: the figure
	// is there to compare with.
	AtMost *float64 `json:"at_most,omitempty"`
}

func atMost(v float64) *float64 { return &v }

// Met tells whether the figure is as good as it should be.
func (f *Figure) Met() bool { return f.AtMost == nil || f.P99 <= *f.AtMost }

// note adds one round's value of a figure.
func (r *Report) note(name string, target *float64, took time.Duration) {
	r.add(name, "ms", target, float64(took)/float64(time.Millisecond))
}

func (r *Report) add(name, unit string, target *float64, v float64) {
	i := slices.IndexFunc(r.Figures, func(f *Figure) bool { return f.Scene == r.scene && f.Name == name })
	if i < 0 {
		i = len(r.Figures)
		r.Figures = append(r.Figures, &Figure{Scene: r.scene, Name: name, Unit: unit, AtMost: target})
	}
	f := r.Figures[i]
	f.Values = append(f.Values, v)
	f.P50, f.P99 = quantile(f.Values, 0.5), quantile(f.Values, 0.99)
}

// pulled counts a pull, and remembers one that has failed.
func (r *Report) pulled(p pull) {
	r.Pulls++
	if p.err != nil {
		r.Failures = append(r.Failures, fmt.Sprintf("%s: %v", r.scene, p.err))
	}
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
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "%s\n%s\n\nSCENE\tFIGURE\tROUNDS\tP50\tP99\tUNIT\tWANTED AT P99\t\n", r.Machine, r.Setting)
	for _, f := range r.Figures {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t\n", f.Scene, f.Name, len(f.Values), number(f.P50), number(f.P99), f.Unit, f.verdict())
	}
	_, _ = fmt.Fprintf(t, "all\tpulls failed, of %d\t\t\t%d\tpulls\t%s\t\n", r.Pulls, len(r.Failures), verdict(0, len(r.Failures) == 0))
	for _, failure := range r.Failures {
		_, _ = fmt.Fprintf(t, "\t%s\t\n", failure)
	}
	return t.Flush()
}

func (f *Figure) verdict() string {
	if f.AtMost == nil {
		return ""
	}
	return verdict(*f.AtMost, f.Met())
}

func verdict(bound float64, met bool) string {
	word := "MISSED"
	if met {
		word = "met"
	}
	return fmt.Sprintf("≤ %s  %s", number(bound), word)
}

// number has three significant digits, and no exponent.
func number(v float64) string {
	switch size := math.Abs(v); {
	case size == 0 || size >= 100:
		return fmt.Sprintf("%.0f", v)
	case size >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}
