package index

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestNodeSetIsASetOfWhateverSize(t *testing.T) {
	for _, c := range []struct {
		name          string
		members, most int
		spread        bool
	}{
		{"few", 100, 300, false},
		{"as many as are few", maxFew, maxFew, false},
		{"many", 6000, 9000, true},
		{"few with large ordinals", 50, 200_000, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(c.members)))
			var s nodeSet
			model := map[uint32]bool{}
			for len(model) < c.members {
				node := uint32(r.IntN(c.most))
				s.add(node)
				model[node] = true
				if out := uint32(r.IntN(c.most)); r.IntN(4) == 0 && c.members < c.most {
					if s.remove(out) != model[out] {
						t.Fatalf("removing %d: %v", out, !model[out])
					}
					delete(model, out)
				}
			}
			if (s.many != nil) != c.spread {
				t.Fatalf("spread is %v", s.many != nil)
			}
			compareNodes(t, &s, slices.Sorted(maps.Keys(model)), uint32(c.most))
			for node := range model {
				s.remove(node)
			}
			compareNodes(t, &s, nil, uint32(c.most))
		})
	}
}

func compareNodes(t *testing.T, s *nodeSet, want []uint32, most uint32) {
	t.Helper()
	if s.len() != len(want) {
		t.Fatalf("%d nodes; want %d", s.len(), len(want))
	}
	for _, turn := range []uint32{0, 1, 7, most - 1, 1 << 31} {
		var got []uint32
		s.around(turn, func(node uint32) bool { got = append(got, node); return true })
		at := 0
		if len(want) > 0 {
			at = int(turn % uint32(len(want)))
		}
		if !slices.Equal(got, slices.Concat(want[at:], want[:at])) {
			t.Fatalf("turn %d: %v; want %v from the %d-th", turn, got, want, at)
		}
		stopped := 0
		s.around(turn, func(uint32) bool { stopped++; return stopped < 2 })
		if stopped != min(2, len(want)) {
			t.Fatalf("went on to %d", stopped)
		}
	}
	for node := range most {
		if _, there := slices.BinarySearch(want, node); s.contains(node) != there {
			t.Fatalf("contains %d is %v", node, !there)
		}
	}
}
