package fetcher

import "testing"

func TestWhereAPieceIsPlaced(t *testing.T) {
	const mb = megabyte
	for name, c := range map[string]struct {
		layout layout
		helper float64
		want   span
		none   bool
	}{
		"as fast as the parent": {layout{end: 100 * mb, parent: mb}, mb, span{500_000, 900_000}, false},
		"four times as slow":    {layout{end: 100 * mb, parent: 4 * mb}, mb, span{2 * mb, 2_400_000}, false},
		"four times as fast":    {layout{end: 100 * mb, parent: mb}, 4 * mb, span{500_000, 2_100_000}, false},
		"very slow":             {layout{end: 100 * mb, parent: mb}, 1000, span{327_680_000, 0}, true},
		"very fast":             {layout{end: 100 * mb, parent: 100 * mb}, 100 * mb, span{pieceSize * 5 / 4, pieceSize * 9 / 4}, false},
		"not known":             {layout{end: 100 * mb, parent: mb}, 0, span{firstSize * 5 / 4, firstSize * 9 / 4}, false},
		"nothing is known":      {layout{end: 100 * mb}, 0, span{0, firstSize}, false},
		"behind others":         {layout{end: 100 * mb, parent: mb, taken: []span{{500_000, 900_000}}}, mb, span{900_000, 1_300_000}, false},
		"behind two":            {layout{end: 100 * mb, parent: mb, taken: []span{{500_000, 900_000}, {900_000, 1_300_000}}}, mb, span{1_300_000, 1_700_000}, false},
		"into a gap":            {layout{end: 100 * mb, parent: mb, taken: []span{{5 * mb, 6 * mb}}}, mb, span{500_000, 900_000}, false},
		"not into a small gap":  {layout{end: 100 * mb, parent: mb, taken: []span{{800_000, 900_000}}}, mb, span{900_000, 1_300_000}, false},
		"not what the parent has been asked for": {
			layout{at: 0, free: 2 * mb, end: 100 * mb, parent: mb, taken: []span{{2 * mb, 3 * mb}}}, mb, span{3 * mb, 3_400_000}, false,
		},
		"the last stretch is shared": {layout{end: 600_000, parent: mb}, mb, span{333_334, 600_000}, false},
		"the end is too near":        {layout{end: 400_000, parent: mb}, mb, span{}, true},
		"nothing is left":            {layout{at: 5, end: 5, parent: mb}, mb, span{}, true},
		"all is taken":               {layout{end: 2 * mb, parent: mb, taken: []span{{600_000, 2 * mb}}}, mb, span{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := c.layout.place(c.helper)
			if ok == c.none || (ok && (got.from-c.want.from > 1 || c.want.from-got.from > 1 || got.to-c.want.to > 1 || c.want.to-got.to > 1)) {
				t.Errorf("got %v, %v", got, ok)
			}
		})
	}
}

// Whatever the rates, and whatever is taken: no byte is sent twice, and none
// beyond the end.
func TestPiecesNeverOverlap(t *testing.T) {
	rates := []float64{0, 1, 1e3, 1e6, 3e6, 1e9}
	for _, parent := range rates {
		l := layout{at: 1000, free: 1000, end: 300 * megabyte, parent: parent}
		for i := range 200 {
			s, ok := l.place(rates[i%len(rates)])
			if !ok {
				continue
			}
			if s.from < l.at || s.to > l.end || s.size() < leastSize || s.size() > pieceSize {
				t.Fatalf("%v", s)
			}
			at := 0
			for _, other := range l.taken {
				if s.from < other.to && other.from < s.to {
					t.Fatalf("%v overlaps %v", s, other)
				}
				if other.from < s.from {
					at++
				}
			}
			l.taken = append(l.taken[:at:at], append([]span{s}, l.taken[at:]...)...)
		}
	}
}
