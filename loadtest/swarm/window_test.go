package swarm

import "testing"

// What receiving out of order would gain where the links are what is slow.
func TestAWindowMakesUpForFullLinks(t *testing.T) {
	for name, c := range map[string]struct {
		nodes, window int
		least, most   float64
	}{
		"a thousand, 32 pieces": {1000, 32, 1, 1.4},
		"a thousand, 1 piece":   {1000, 1, 1.3, 100},
		"one node":              {1, 32, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, func(o *Options) { o.Nodes, o.Window, o.IngestRatio = c.nodes, c.window, 1 })
			if r.OverBound < c.least || r.OverBound > c.most || r.OriginCopies != 1 {
				t.Errorf("%.3f times the bound, %v copies", r.OverBound, r.OriginCopies)
			}
		})
	}
}
