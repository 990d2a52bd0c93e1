package swarm

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/drayproject/dray/loadtest/plot"
)

// Curve is a row of runs that differ in one thing.
type Curve struct {
	Over   string    `json:"over"` // N, or k
	Bound  string    `json:"bound"`
	Points []*Result `json:"points"`
}

// kinds are the two cases that bound a crowd: what the nodes take in, and what
// their links carry.
var kinds = []struct {
	name  string
	ratio float64
}{{"d = b/4", 0.25}, {"d = b", 1}}

// sweep runs the same crowd with other numbers of nodes, up to those of o, and
// with other fixed fan-outs.
func sweep(ctx context.Context, o Options) (all []Curve, err error) {
	var crowds, fans []Options
	for n := 1; n < o.Nodes; n *= 4 {
		crowds = append(crowds, o.with(n, 0))
	}
	crowds = append(crowds, o.with(o.Nodes, 0))
	for k := 1; k <= 8; k++ {
		fan := o.with(min(o.Nodes, fanNodes), k)
		fan.Wait = time.Minute // with so few children each, a place may be long in coming
		fans = append(fans, fan)
	}
	for _, kind := range kinds {
		for _, c := range []struct {
			over string
			runs []Options
		}{{"N", crowds}, {"k", fans}} {
			points, err := each(ctx, c.runs, kind.ratio)
			if err != nil {
				return nil, err
			}
			all = append(all, Curve{Over: c.over, Bound: kind.name, Points: points})
		}
	}
	return all, nil
}

// fanNodes are enough to see what the fan-out does.
const fanNodes = 1000

func (o Options) with(nodes, fanout int) Options {
	o.Nodes, o.Fanout = nodes, fanout
	return o
}

func each(ctx context.Context, runs []Options, ratio float64) (points []*Result, err error) {
	for _, o := range runs {
		o.IngestRatio = ratio
		r, err := Run(ctx, o)
		if err != nil {
			return nil, err
		}
		points = append(points, r)
	}
	return points, nil
}

// draw makes the pictures of a sweep, a file for N and one for k.
func draw(folder string, all []Curve) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for over, name := range map[string]string{"N": "nodes", "k": "children of each parent"} {
		if err := drawOne(filepath.Join(folder, "swarm-over-"+over+".svg"), over, name, all); err != nil {
			return err
		}
	}
	return nil
}

func drawOne(file, over, name string, all []Curve) error {
	var curves []plot.Curve
	last, most := 1.0, 1.0
	for _, c := range all {
		if c.Over != over {
			continue
		}
		line := plot.Curve{Name: c.Bound}
		for _, p := range c.Points {
			at := float64(p.Options.Nodes)
			if over == "k" {
				at = float64(p.Options.Fanout)
			}
			line.X, line.Y = append(line.X, at), append(line.Y, p.OverBound)
			last, most = max(last, at), max(most, p.OverBound)
		}
		curves = append(curves, line)
	}
	x := plot.Logarithmic(1, last)
	if over == "k" {
		x = plot.Linear(last)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := plot.Write(f, x, plot.Linear(most), name, "slowest node's time over F/d", curves); err != nil {
		_ = f.Close()
		return fmt.Errorf("%s: %w", file, err)
	}
	return f.Close()
}
