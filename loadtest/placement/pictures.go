package placement

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/drayproject/dray/loadtest/plot"
)

// drawn are the schemes that a picture has room for.
var drawn = []string{"hash", "stable", "spread", "default"}

// draw makes the pictures: what was moved, and what was nowhere, over the time.
func draw(folder string, r *Result) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, picture := range []struct {
		file, name string
		value      func(Point) float64
	}{
		{"placement-moved.svg", "TB moved", func(p Point) float64 { return p.MovedTB }},
		{"placement-nowhere.svg", "hours in which an image was nowhere, of all images", func(p Point) float64 { return p.Unavailable }},
	} {
		if err := drawOne(filepath.Join(folder, picture.file), picture.name, r, picture.value); err != nil {
			return err
		}
	}
	return nil
}

func drawOne(file, name string, r *Result, value func(Point) float64) error {
	var curves []plot.Curve
	last, most := 1.0, 1e-3
	for _, row := range r.Rows {
		if !isDrawn(row.Scheme) {
			continue
		}
		line := plot.Curve{Name: row.Scheme}
		for _, p := range row.Curve {
			line.X, line.Y = append(line.X, p.Days), append(line.Y, value(p))
			last, most = max(last, p.Days), max(most, value(p))
		}
		curves = append(curves, line)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := plot.Write(f, plot.Linear(last), plot.Linear(most), "days", name, curves); err != nil {
		_ = f.Close()
		return fmt.Errorf("%s: %w", file, err)
	}
	return f.Close()
}

func isDrawn(scheme string) bool {
	for _, name := range drawn {
		if name == scheme {
			return true
		}
	}
	return false
}
