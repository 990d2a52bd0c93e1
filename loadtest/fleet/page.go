package fleet

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"

	"github.com/drayproject/dray/loadtest/figures"
	"github.com/drayproject/dray/loadtest/plot"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"number": figures.Number, "latencies": latencies, "overTime": overTime,
	"each": func(n uint64, seconds float64) float64 { return float64(n) / seconds },
}).Parse(pageText))

// writePage writes a page that needs nothing but itself.
func writePage(w io.Writer, r *Report) error { return page.Execute(w, r) }

// latencies draws how long the slowest requests of a part took: each step to
// the right has a tenth as many that are slower.
func latencies(p *Phase) template.HTML {
	var curves []plot.Curve
	least, most, last := math.Inf(1), 0.0, 0
	for _, v := range p.Verbs {
		c := plot.Curve{Name: v.Name}
		for i, point := range v.Curve {
			ms := max(point.MS, 1e-3)
			c.X, c.Y = append(c.X, float64(i)), append(c.Y, ms)
			least, most, last = min(least, ms), max(most, ms), max(last, i)
		}
		curves = append(curves, c)
	}
	if last == 0 {
		return ""
	}
	x := plot.Between(0, float64(last))
	for i := 0; i <= last; i += 5 {
		x.Labels = append(x.Labels, float64(i))
	}
	x.LabelledAs = func(v float64) string { return fmt.Sprintf("%.6g %%", 100*shareAt(int(v))) }
	return plot.Draw(x, plot.Logarithmic(least, most), "share of requests", "milliseconds", curves)
}

// overTime draws one quantity of the samples: "requests", "cores" or "memory".
func overTime(samples []Sample, what string) template.HTML {
	if len(samples) < 2 {
		return ""
	}
	var curves []plot.Curve
	switch what {
	case "cores":
		curves = []plot.Curve{curve(what, samples, func(s Sample) float64 { return s.Cores })}
	case "memory":
		curves = []plot.Curve{curve(what, samples, func(s Sample) float64 { return s.Resident })}
	default:
		for _, v := range verbs {
			curves = append(curves, curve(v, samples, func(s Sample) float64 { return s.PerSecond[v] }))
		}
	}
	most := 0.0
	for _, c := range curves {
		most = max(most, slices.Max(c.Y))
	}
	x := plot.Linear(samples[len(samples)-1].At)
	return plot.Draw(x, plot.Linear(most), "seconds", what, curves)
}

func curve(name string, samples []Sample, value func(Sample) float64) plot.Curve {
	c := plot.Curve{Name: name}
	for _, s := range samples {
		c.X, c.Y = append(c.X, s.At), append(c.Y, value(s))
	}
	return c
}
