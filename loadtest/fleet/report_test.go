package fleet

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/figures"
)

func sampleReport() *Report {
	rec := newRecorder()
	for i := range 1000 {
		rec.answered(heartbeat, time.Now().Add(-time.Duration(i)*time.Microsecond), nil)
	}
	rec.answered(heartbeat, time.Now(), io.EOF)
	rec.wrong("<b>")
	r := &Report{Machine: "a machine", Options: Options{Nodes: 3, Digests: 2}, Redis: "none"}
	r.Phases = append(r.Phases, newPhase("mix", rec, 2, 0.5))
	r.figure("heartbeats", "/s", atLeast(40_000), r.Phases[0].perCPUSecond(1))
	r.figure("heap", "B", atMost(5), 4)
	for i := range 3 {
		r.Samples = append(r.Samples, Sample{At: float64(i), Cores: 0.5, Resident: 30, PerSecond: map[string]float64{heartbeat: 500}})
	}
	return r
}

func TestPhaseCountsPerSecondAndPerCPUSecond(t *testing.T) {
	p := sampleReport().Phases[0]
	if p.perSecond() != 500 || p.perCPUSecond(1) != 2000 || p.perCPUSecond(20) != 40_000 || p.share() != 0.25 {
		t.Fatalf("%v/s, %v and %v per CPU-second, %v cores", p.perSecond(), p.perCPUSecond(1), p.perCPUSecond(20), p.share())
	}
	if p.Errors["heartbeat: connection lost"] != 1 || len(p.Verbs) != 1 || p.Verbs[0].Max < p.Verbs[0].P99 {
		t.Fatalf("%+v", p)
	}
}

func TestTableSaysWhatWasMissed(t *testing.T) {
	var b bytes.Buffer
	if err := writeTable(&b, sampleReport()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"≥ 40000  MISSED", "≤ 5.00  met", "heartbeat: connection lost", "a machine", "3 nodes × 2 digests"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing from\n%s", want, &b)
		}
	}
}

func TestJSONCanBeReadAgain(t *testing.T) {
	var b bytes.Buffer
	if err := figures.JSON(&b, sampleReport()); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || len(back.Figures) != 2 || back.Phases[0].Verbs[0].Count != 1000 {
		t.Fatalf("%v: %+v", err, back)
	}
}

func TestPageNeedsNothingElse(t *testing.T) {
	var b bytes.Buffer
	if err := writePage(&b, sampleReport()); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, outside := range []string{"http:", "https:", "src=", "@import", "url(", "<script", "<b>"} {
		if strings.Contains(page, outside) {
			t.Errorf("the page has %q", outside)
		}
	}
	plots := 0
	for rest := page; ; plots++ {
		_, after, found := strings.Cut(rest, "<svg")
		if !found {
			break
		}
		svg, after, _ := strings.Cut(after, "</svg>")
		wellFormed(t, "<svg"+svg+"</svg>")
		rest = after
	}
	if plots != 4 {
		t.Errorf("%d plots; want 4", plots)
	}
}

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Errorf("not a number: %s", svg)
	}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v: %s", err, svg)
		}
	}
}

func TestParseStat(t *testing.T) {
	got, err := parseStat("12 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20")
	if err != nil || got != 1750*time.Millisecond {
		t.Fatalf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "12 (a) S 1 2", "12 (a) S 1 2 3 4 5 6 7 8 9 10 x y 0"} {
		if _, err := parseStat(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestParseMetrics(t *testing.T) {
	m := parseMetrics("# HELP a b\n# TYPE a gauge\na 7.5e+06\nb{c=\"d e\"} 2\n\nbroken\n")
	if len(m) != 2 || m["a"] != 7.5e6 || m[`b{c="d e"}`] != 2 {
		t.Fatalf("got %v", m)
	}
}
