package plot

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAxes(t *testing.T) {
	l := Linear(37).over(100, 0)
	if l.high != 40 || l.at(0) != 100 || l.at(40) != 0 || l.at(99) != 0 {
		t.Errorf("linear: %+v", l)
	}
	g := Logarithmic(0.02, 3).over(0, 300)
	if g.low != 0.01 || g.high != 10 || len(g.Labels) != 4 || int(g.at(0.1)+.5) != 100 {
		t.Errorf("logarithmic: %+v, 0.1 is at %v", g, g.at(0.1))
	}
}

func TestAFileIsXML(t *testing.T) {
	var b strings.Builder
	curves := []Curve{{"a < b", []float64{1, 10, 100}, []float64{1, 1.5, 2}}, {"c", nil, nil}}
	if err := Write(&b, Logarithmic(1, 100), Linear(2), "nodes & more", "time", curves); err != nil {
		t.Fatal(err)
	}
	if strings.Count(b.String(), "<polyline") != 2 || !strings.Contains(b.String(), `points="60.0,`) {
		t.Fatal(b.String())
	}
	for d := xml.NewDecoder(strings.NewReader(b.String())); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatalf("%v: %s", err, b.String())
		}
	}
}
