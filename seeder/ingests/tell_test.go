package ingests

import (
	"testing"
	"time"
)

// What a neighbour reads of what comes from the origin is told again and again, but
// not each time: nobody else knows that it goes on.
func TestHowItGoesOnIsToldOfWhatIsReadAndComesFromTheOrigin(t *testing.T) {
	for name, c := range map[string]struct {
		parent string
		read   bool
		told   int // in a second
	}{
		"from the origin, and read":     {"", true, 4},
		"from the origin, for itself":   {"", false, 0},
		"from a neighbour, and read on": {"a", true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			in := &ingest{parent: c.parent}
			if shared := in.open(); shared {
				t.Error("it is shared before it has grown")
			}
			if first, tell := in.see(now, 1); !first || !tell {
				t.Error("its beginning is not told")
			}
			if c.read {
				in.open()
			}
			told := 0
			for range 50 {
				now = now.Add(20 * time.Millisecond)
				first, tell := in.see(now, now.UnixNano())
				if first {
					t.Error("it begins twice")
				}
				if tell {
					told++
				}
			}
			if told < c.told-1 || told > c.told {
				t.Errorf("told %d times; want about %d", told, c.told)
			}
		})
	}
}
