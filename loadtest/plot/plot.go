// Package plot draws curves as SVG: inline for a page that has the styles, or as
// a file of its own.
package plot

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"
)

const (
	width, height = 760, 260
	left, right   = 60, 150 // room for the axis' labels, and for the curves' names
	top, bottom   = 12, 34
)

// Curve is one line of a plot.
type Curve struct {
	Name string
	X, Y []float64
}

// Axis maps values to a range of pixels.
type Axis struct {
	Labels     []float64
	LabelledAs func(float64) string

	low, high float64 // values
	from, to  float64 // pixels
	log       bool
}

// at is where a value is. Those beyond the axis are at its end.
func (a Axis) at(v float64) float64 {
	low, high := a.low, a.high
	v = min(max(v, low), high)
	if a.log {
		v, low, high = math.Log(v), math.Log(low), math.Log(high)
	}
	return a.from + (a.to-a.from)*(v-low)/(high-low)
}

func (a Axis) over(from, to float64) Axis {
	a.from, a.to = from, to
	return a
}

func (a Axis) across() Axis { return a.over(left, width-right) }
func (a Axis) up() Axis     { return a.over(height-bottom, top) }

// Between is an axis from one value to another, without labels.
func Between(low, high float64) Axis { return Axis{low: low, high: high, LabelledAs: short} }

// Linear is an axis from 0 to a round number.
func Linear(most float64) Axis {
	unit := math.Pow(10, math.Floor(math.Log10(max(most, 1e-9))))
	for _, parts := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8, 10} {
		if high := parts * unit; high >= most {
			return Axis{high: high, Labels: []float64{0, high / 4, high / 2, 3 * high / 4, high}, LabelledAs: short}
		}
	}
	return Axis{high: most, LabelledAs: short}
}

// Logarithmic is an axis of whole powers of ten around the values.
func Logarithmic(least, most float64) Axis {
	first, last := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	last = max(last, first+1)
	a := Axis{low: math.Pow(10, first), high: math.Pow(10, last), log: true, LabelledAs: short}
	for e := first; e <= last; e++ {
		a.Labels = append(a.Labels, math.Pow(10, e))
	}
	return a
}

// short has no digits that say nothing.
func short(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Draw makes an inline SVG.
func Draw(x, y Axis, xName, yName string, curves []Curve) template.HTML {
	return template.HTML(`<svg ` + inner(x.across(), y.up(), xName, yName, "", curves)) //nolint:gosec // names are escaped, the rest is numbers
}

// inner is all but how the element begins.
func inner(x, y Axis, xName, yName, head string, curves []Curve) string {
	var b strings.Builder
	label := template.HTMLEscapeString(yName + " by " + xName)
	fmt.Fprintf(&b, `viewBox="0 0 %d %d" role="img" aria-label="%s">%s`, width, height, label, head)
	for _, v := range y.Labels {
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>`, left, width-right, y.at(v), y.at(v))
		fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`, left-6, y.at(v)+4, y.LabelledAs(v))
	}
	for _, v := range x.Labels {
		fmt.Fprintf(&b, `<text x="%.1f" y="%d" text-anchor="middle">%s</text>`, x.at(v), height-bottom+16, x.LabelledAs(v))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, width-right, height-4, template.HTMLEscapeString(xName))
	for i, c := range curves {
		fmt.Fprintf(&b, `<polyline class="c%d" points="%s"/>`, i, points(x, y, c))
		fmt.Fprintf(&b, `<text class="c%d" x="%d" y="%d">%s</text>`, i, width-right+10, top+12+18*i, template.HTMLEscapeString(c.Name))
	}
	b.WriteString(`</svg>`)
	return b.String()
}

func points(x, y Axis, c Curve) string {
	all := make([]string, len(c.X))
	for i := range c.X {
		all[i] = fmt.Sprintf("%.1f,%.1f", x.at(c.X[i]), y.at(c.Y[i]))
	}
	return strings.Join(all, " ")
}

// style is for plots that are not on a page.
const style = `<style>
svg { font: 12px system-ui, sans-serif; fill: #444; background: #fff; }
.grid { stroke: #8884; }
polyline { fill: none; stroke-width: 1.8; }
.c0 { stroke: #2a78d0; } .c1 { stroke: #c8622a; } .c2 { stroke: #2b9a66; } .c3 { stroke: #a048b8; }
text[class] { stroke: none; }
text.c0 { fill: #2a78d0; } text.c1 { fill: #c8622a; } text.c2 { fill: #2b9a66; } text.c3 { fill: #a048b8; }
</style>`

// Write writes an SVG that is a file of its own, of up to four curves.
func Write(w io.Writer, x, y Axis, xName, yName string, curves []Curve) error {
	title := fmt.Sprintf(`<text x="%d" y="%d">%s</text>`, left, top-2, template.HTMLEscapeString(yName))
	_, err := io.WriteString(w, `<svg xmlns="http://www.w3.org/2000/svg" `+inner(x.across(), y.up(), xName, yName, style+title, curves))
	return err
}
