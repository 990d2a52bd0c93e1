package placement

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
	"time"
)

// Result is what came of all schemes.
type Result struct {
	Options Options `json:"options"`
	Rows    []Row   `json:"rows"`
}

// Row is what came of one scheme.
type Row struct {
	Scheme string `json:"scheme"`
	// Lost counts how often the last copy of an image went with its disk.
	Lost      int   `json:"lost"`
	LostBytes int64 `json:"lost_bytes"`
	// Unavailable are the hours in which an image had no live holder, of all
	// images together; Short those in which it had fewer than it should have.
	Unavailable float64 `json:"unavailable_hours"`
	Short       float64 `json:"short_hours"`
	// Copies were begun, of Moved bytes; of these Origin bytes came from
	// upstream, since no node had them, and Across crossed zones.
	Copies int   `json:"copies"`
	Moved  int64 `json:"moved_bytes"`
	Origin int64 `json:"origin_bytes"`
	Across int64 `json:"across_bytes"`
	// Pushed is what was new, and had to come from upstream once.
	Pushed int64 `json:"pushed_bytes"`
	// Fullest is the most bytes that a node kept, over what all kept on
	// average, and FullestZone the same of zones, both at the end.
	Fullest     float64 `json:"fullest_node"`
	FullestZone float64 `json:"fullest_zone"`
	Plans       int     `json:"plans"`
	// Curve has a point for each half of a hundredth of the time.
	Curve []Point `json:"curve"`
}

// Point is how far it had come by then.
type Point struct {
	Days        float64 `json:"days"`
	MovedTB     float64 `json:"moved_tb"`
	Unavailable float64 `json:"unavailable_hours"`
}

// Run simulates all schemes.
func Run(ctx context.Context, o Options) (*Result, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	all, ways := weather(&o), schemes(o.Factor)
	r := &Result{Options: o, Rows: make([]Row, len(ways))}
	errs := make([]error, len(ways))
	var group sync.WaitGroup
	for i, s := range ways {
		group.Go(func() { r.Rows[i], errs[i] = play(ctx, &o, s, all) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

// points of a curve.
const points = 200

// pass lets time go by, and counts what is not there meanwhile.
func (r *run) pass(until time.Duration) {
	hours := (until - r.now).Hours()
	for _, i := range r.images {
		if i.digest == "" {
			continue
		}
		live, _ := r.copies(i)
		if live == 0 {
			r.row.Unavailable += hours
		}
		if live < r.scheme.policy.Factor {
			r.row.Short += hours
		}
	}
	r.now = until
	if r.now >= r.sample {
		r.sample += r.o.span() / points
		r.row.Curve = append(r.row.Curve, Point{r.now.Hours() / 24, float64(r.row.Moved) / 1e12, r.row.Unavailable})
	}
}

// measure looks at the balance at the end.
func (r *run) measure() {
	zones := map[string]float64{}
	var total, fullest float64
	live := 0
	for _, s := range r.slots {
		if !s.live() {
			continue
		}
		live++
		kept := 0.0
		for _, pin := range s.node.Pins {
			kept += float64(r.byName[pin.Image].size)
		}
		total += kept
		fullest = max(fullest, kept)
		zones[s.node.Zone] += kept
	}
	if total == 0 {
		return
	}
	r.row.Fullest = fullest / (total / float64(live))
	for _, kept := range zones {
		r.row.FullestZone = max(r.row.FullestZone, kept/(total/float64(r.o.Zones)))
	}
}

func writeJSON(w io.Writer, r *Result) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(r)
}

func writeTable(w io.Writer, r *Result) error {
	o := &r.Options
	fmt.Fprintf(w, "%d nodes in %d zones, %d images, factor %d, %g years, seed %d\n\n", o.Nodes, o.Zones, o.Images, o.Factor, o.Years, o.Seed)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "SCHEME\tLOST\tLOST GB\tNOWHERE h\tSHORT h\tCOPIES\tMOVED TB\tORIGIN GB\tACROSS TB\tFULLEST NODE\tZONE\tPLANS\t\n")
	for _, row := range r.Rows {
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%.1f\t%.0f\t%d\t%.2f\t%.1f\t%.2f\t%.1f\t%.2f\t%d\t\n", row.Scheme, row.Lost, float64(row.LostBytes)/1e9,
			row.Unavailable, row.Short, row.Copies, float64(row.Moved)/1e12, float64(row.Origin)/1e9, float64(row.Across)/1e12,
			row.Fullest, row.FullestZone, row.Plans)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, `
LOST: the last copy went with its disk. NOWHERE: hours in which an image had no
live holder, SHORT: in which it had fewer than the factor, of all images together.
ORIGIN: came from upstream again. FULLEST: what a node, and a zone, kept at the
end over the average.
`)
	return err
}
