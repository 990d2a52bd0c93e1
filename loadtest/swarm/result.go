package swarm

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Result is what came of a run. Times are in seconds.
type Result struct {
	Options Options `json:"options"`

	// Bound is F/d: no node can be done sooner after it has arrived.
	Bound float64 `json:"bound_seconds"`
	// Makespan is when the last node was done.
	Makespan float64 `json:"makespan_seconds"`
	// OverBound is the time of the node that fared worst, from its arrival,
	// over its own bound. When all arrive at once and are equal, that is the
	// makespan over F/d. P50 and P99 are the same of other nodes.
	OverBound float64 `json:"makespan_over_bound"`
	P50       float64 `json:"p50_over_bound"`
	P99       float64 `json:"p99_over_bound"`
	// OriginCopies is what the origin has sent, over the blob's size.
	OriginCopies float64 `json:"origin_copies"`
	// MaxDepth is the longest way of a byte from a node that got it from the
	// origin, or had it before, in nodes.
	MaxDepth  int     `json:"max_depth"`
	CrossZone float64 `json:"cross_zone_bytes"`
	Joins     int     `json:"joins"`
	Waits     int     `json:"waits"` // joins that had to wait
	WaitP50   float64 `json:"wait_p50_seconds"`
	WaitMax   float64 `json:"wait_max_seconds"`
	Deaths    int     `json:"deaths"`
	Moves     int     `json:"moves"` // away from parents that were slow

	// Curves are further runs with another N, or another k.
	Curves []Curve `json:"curves,omitempty"`

	times      []finished
	waits      []time.Duration
	fromOrigin float64
}

// finished is a node's time, and its bound.
type finished struct{ seconds, bound float64 }

func (c *crowd) measure() *Result {
	r := &c.result
	r.Options, r.Bound = c.o, c.o.bound()
	r.OriginCopies = r.fromOrigin / c.o.all()
	over := make([]float64, len(r.times))
	for i, f := range r.times {
		over[i] = f.seconds / f.bound
	}
	slices.Sort(over)
	r.P50, r.P99, r.OverBound = quantile(over, 0.5), quantile(over, 0.99), quantile(over, 1)
	slices.Sort(r.waits)
	r.Waits = len(r.waits)
	r.WaitP50, r.WaitMax = quantile(r.waits, 0.5).Seconds(), quantile(r.waits, 1).Seconds()
	return r
}

// quantile of what is in order; 0 of nothing.
func quantile[T any](sorted []T, q float64) (v T) {
	if len(sorted) > 0 {
		v = sorted[int(q*float64(len(sorted)-1))]
	}
	return v
}

func writeJSON(w io.Writer, r *Result) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(r)
}

func writeTable(w io.Writer, r *Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "NODES\tK\tF/d s\tLAST s\tOVER F/d\tP50\tP99\tORIGIN COPIES\tDEPTH\tACROSS ZONES GB\tWAIT s\tJOINS\t\n")
	r.row(t)
	for _, c := range r.Curves {
		fmt.Fprintf(t, "\nover %s, %s\t\n", c.Over, c.Bound)
		for _, p := range c.Points {
			p.row(t)
		}
	}
	return t.Flush()
}

func (r *Result) row(w io.Writer) {
	k := fmt.Sprint(r.Options.Fanout)
	if r.Options.Fanout == 0 {
		k = "auto"
	}
	fmt.Fprintf(w, "%d\t%s\t%.2f\t%.2f\t%.3f\t%.3f\t%.3f\t%.3f\t%d\t%.2f\t%.3f\t%d\t\n", r.Options.Nodes, k, r.Bound, r.Makespan,
		r.OverBound, r.P50, r.P99, r.OriginCopies, r.MaxDepth, r.CrossZone/1e9, r.WaitMax, r.Joins)
}
