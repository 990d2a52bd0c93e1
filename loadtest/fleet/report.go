package fleet

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/drayproject/dray/loadtest/figures"
)

// Report is everything that a run has measured.
type Report struct {
	Machine string   `json:"machine"`
	Options Options  `json:"options"`
	Redis   string   `json:"redis"` // none, our own, or given
	Figures []Figure `json:"figures"`
	Phases  []*Phase `json:"phases"`
	Samples []Sample `json:"samples"`

	Questions []*Question `json:"questions,omitempty"` // of people
}

// Figure is one quantity. The targets are for 15 000 nodes with 500 digests.
type Figure struct {
	Name   string          `json:"name"`
	Value  float64         `json:"value"`
	Unit   string          `json:"unit"`
	Target *figures.Target `json:"target,omitempty"`
}

var atLeast, atMost = figures.AtLeast, figures.AtMost

// Verdict compares the figure with its target.
func (f Figure) Verdict() string { return f.Target.Verdict(f.Value) }

func (r *Report) figure(name, unit string, target *figures.Target, v float64) {
	r.Figures = append(r.Figures, Figure{name, v, unit, target})
}

// Phase is one part of a run.
type Phase struct {
	Name       string         `json:"name"`
	Seconds    float64        `json:"seconds"`
	CPUSeconds float64        `json:"cpu_seconds"` // of all trackers together
	Verbs      []Verb         `json:"verbs"`
	Errors     map[string]int `json:"errors"` // by kind
	Stale      int            `json:"stale"`  // handouts whose best holder had just died
}

// Verb is the requests of one kind that were answered, and how long after they
// were due, in milliseconds.
type Verb struct {
	Name  string  `json:"name"`
	Count uint64  `json:"count"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
	Curve []Point `json:"curve"`
}

// Point is a latency, and the share of requests that took at most that long.
type Point struct {
	Share float64 `json:"share"`
	MS    float64 `json:"ms"`
}

const curvePoints = 26 // up to five nines

func newPhase(name string, rec *recorder, seconds, cpuSeconds float64) *Phase {
	p := &Phase{Name: name, Seconds: seconds, CPUSeconds: cpuSeconds, Errors: rec.trouble(), Stale: rec.staleCount()}
	for _, v := range verbs {
		if rec.count(v) > 0 {
			p.Verbs = append(p.Verbs, newVerb(v, rec.verbs[v]))
		}
	}
	return p
}

// shareAt is the share of the i-th point of a curve: 0, then a fifth of a power
// of ten nearer to one each time.
func shareAt(i int) float64 { return 1 - math.Pow(10, -float64(i)/5) }

func newVerb(name string, h *histogram) Verb {
	at := func(q float64) float64 { return inMS(h.quantile(q)) }
	v := Verb{Name: name, Count: h.count.Load(), P50: at(.5), P90: at(.9), P99: at(.99), Max: at(1)}
	for i := range curvePoints {
		if share := shareAt(i); (1-share)*float64(v.Count) >= 1 {
			v.Curve = append(v.Curve, Point{share, at(share)})
		}
	}
	return v
}

func inMS(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (p *Phase) count() (n uint64) {
	for _, v := range p.Verbs {
		n += v.Count
	}
	return n
}

func (p *Phase) perSecond() float64 { return float64(p.count()) / p.Seconds }

// perCPUSecond counts things of which each request has so many.
func (p *Phase) perCPUSecond(each int) float64 {
	return float64(p.count()) * float64(each) / max(p.CPUSeconds, 1./clockTicks)
}

// p99 is that of the slowest of some verbs, or of all.
func (p *Phase) p99(of ...string) (ms float64) {
	for _, v := range p.Verbs {
		if len(of) == 0 || slices.Contains(of, v.Name) {
			ms = max(ms, v.P99)
		}
	}
	return ms
}

// share is how much of a core all trackers together have used.
func (p *Phase) share() float64 { return p.CPUSeconds / p.Seconds }

func writeTable(w io.Writer, r *Report) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\n%s\n\nFIGURE\tVALUE\tUNIT\tWANTED AT 15 000 × 500\t\n", r.Machine, r.Title())
	for _, f := range r.Figures {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t\n", f.Name, figures.Number(f.Value), f.Unit, f.Verdict())
	}
	writeQuestions(t, r.Questions)
	fmt.Fprint(t, "\nPART\tVERB\tCOUNT\tPER SECOND\tP50 ms\tP90\tP99\tMAX\tTRACKER CPU s\t\n")
	for _, p := range r.Phases {
		for _, v := range p.Verbs {
			fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t\n", p.Name, v.Name, v.Count, figures.Number(float64(v.Count)/p.Seconds),
				figures.Number(v.P50), figures.Number(v.P90), figures.Number(v.P99), figures.Number(v.Max), figures.Number(p.CPUSeconds))
		}
	}
	fmt.Fprint(t, "\nPART\tERROR\tCOUNT\t\n")
	for _, p := range r.Phases {
		for _, kind := range slices.Sorted(maps.Keys(p.Errors)) {
			fmt.Fprintf(t, "%s\t%s\t%d\t\n", p.Name, kind, p.Errors[kind])
		}
	}
	fmt.Fprintf(t, "all\tsum\t%d\t\n", r.errorSum())
	return t.Flush()
}

// Title is the run in a line.
func (r *Report) Title() string {
	o := r.Options
	return fmt.Sprintf("%d nodes × %d digests of %d images, %d trackers, Redis: %s, %v for each measurement",
		o.Nodes, o.Digests, o.Images, o.Trackers, r.Redis, o.Duration)
}

func (r *Report) errorSum() (sum int) {
	for _, p := range r.Phases {
		for _, n := range p.Errors {
			sum += n
		}
	}
	return sum
}
