package fleet

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

const (
	plotWidth, plotHeight = 760, 260
	left, right           = 60, 150 // room for the axis' labels, and for the curves' names
	top, bottom           = 12, 34
)

// Curve is one line of a plot.
type Curve struct {
	Name string
	X, Y []float64
}

// axis maps values to a range of pixels.
type axis struct {
	low, high  float64 // values
	from, to   float64 // pixels
	log        bool
	labels     []float64
	labelledAs func(float64) string
}

// at is where a value is. Those beyond the axis are at its end.
func (a axis) at(v float64) float64 {
	low, high := a.low, a.high
	v = min(max(v, low), high)
	if a.log {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	return a.from + (a.to-a.from)*(v-low)/(high-low)
}

// linear is an axis from 0 to a round number.
func linear(most, from, to float64) axis {
	unit := math.Pow(10, math.Floor(math.Log10(max(most, 1e-9))))
	for _, parts := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8, 10} {
		if high := parts * unit; high >= most {
			return axis{high: high, from: from, to: to, labels: []float64{0, high / 4, high / 2, 3 * high / 4, high}, labelledAs: short}
		}
	}
	return axis{high: most, from: from, to: to, labelledAs: short}
}

// logarithmic is an axis of whole powers of ten around the values.
func logarithmic(least, most, from, to float64) axis {
	first, last := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	last = max(last, first+1)
	a := axis{low: math.Pow(10, first), high: math.Pow(10, last), from: from, to: to, log: true, labelledAs: short}
	for e := first; e <= last; e++ {
		a.labels = append(a.labels, math.Pow(10, e))
	}
	return a
}

// short has no digits that say nothing.
func short(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// draw makes an inline SVG.
func draw(x, y axis, xName, yName string, curves []Curve) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s by %s">`, plotWidth, plotHeight, yName, xName)
	for _, v := range y.labels {
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, left, plotWidth-right, y.at(v), y.at(v))
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`, left-6, y.at(v)+4, y.labelledAs(v))
	}
	for _, v := range x.labels {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`, x.at(v), plotHeight-bottom+16, x.labelledAs(v))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, plotWidth-right, plotHeight-4, template.HTMLEscapeString(xName))
	for i, c := range curves {
		fmt.Fprintf(&b, `<polyline class="c%d" points="%s"/>`, i, points(x, y, c))
		fmt.Fprintf(&b, `<text class="c%d" x="%d" y="%d">%s</text>`, i, plotWidth-right+10, top+12+18*i, template.HTMLEscapeString(c.Name))
	}
	b.WriteString(`</svg>`)
	return template.HTML(b.String()) //nolint:gosec // names are escaped, the rest is numbers
}

func points(x, y axis, c Curve) string {
	all := make([]string, len(c.X))
	for i := range c.X {
		all[i] = fmt.Sprintf("%.1f,%.1f", x.at(c.X[i]), y.at(c.Y[i]))
	}
	return strings.Join(all, " ")
}
