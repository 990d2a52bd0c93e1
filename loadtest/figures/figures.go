// Package figures is what reports of measurements have in common: quantiles,
// targets, and how both are written.
package figures

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// Quantile is the nearest-rank quantile, 0 < q ≤ 1, of at least one value.
func Quantile[T cmp.Ordered](values []T, q float64) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(math.Ceil(q*float64(len(sorted))))-1]
}

// Target is what a figure should reach.
type Target struct {
	Bound   float64 `json:"bound"`
	AtLeast bool    `json:"at_least"` // otherwise at most
}

// AtLeast is a target for what should be large.
func AtLeast(bound float64) *Target { return &Target{Bound: bound, AtLeast: true} }

// AtMost is a target for what should be small.
func AtMost(bound float64) *Target { return &Target{Bound: bound} }

// Met tells whether a value reaches the target. Whatever there is reaches none.
func (t *Target) Met(v float64) bool {
	switch {
	case t == nil:
		return true
	case t.AtLeast:
		return v >= t.Bound
	}
	return v <= t.Bound
}

// Verdict says what was wanted, and whether the value is that good: "≤ 20  met".
// It is empty where nothing was wanted.
func (t *Target) Verdict(v float64) string {
	if t == nil {
		return ""
	}
	sign, word := "≤", "MISSED"
	if t.AtLeast {
		sign = "≥"
	}
	if t.Met(v) {
		word = "met"
	}
	return fmt.Sprintf("%s %s  %s", sign, Number(t.Bound), word)
}

// Number has three significant digits, and no exponent.
func Number(v float64) string {
	switch size := math.Abs(v); {
	case size == 0 || size >= 100:
		return fmt.Sprintf("%.0f", v)
	case size >= 10:
		return fmt.Sprintf("%.1f", v)
	case size >= 1:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.3f", v)
	}
}

// Writer is how a report is written in a format that somebody asks for: "json",
// or the report's own "table".
func Writer[R any](format string, table func(io.Writer, R) error) (func(io.Writer, R) error, error) {
	switch format {
	case "table":
		return table, nil
	case "json":
		return JSON[R], nil
	}
	return nil, fmt.Errorf("output %q: want table or json", format)
}

// JSON writes a report for programs, and for people who look at it.
func JSON[R any](w io.Writer, report R) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(report)
}
