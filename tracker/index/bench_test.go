package index

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// fleet announces nodes with perNode digests each, the popular ones of which
// are on most nodes and the others on few.
func fleet(x *Index, nodes, perNode, digests int) []digest.Digest {
	all := make([]digest.Digest, digests)
	for i := range all {
		all[i] = dg(i)
	}
	r := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(r, 1.05, 50, uint64(digests-1))
	for n := range nodes {
		mine := map[uint64]bool{}
		a := &trackerapi.AnnounceRequest{Whole: true, Seq: 1}
		for len(mine) < perNode {
			if i := zipf.Uint64(); !mine[i] {
				mine[i] = true
				a.Add = append(a.Add, all[i])
			}
		}
		x.Apply(uint32(n), a)
	}
	return all
}

// BenchmarkMemory prints what a (digest, node) pair costs.
func BenchmarkMemory(b *testing.B) {
	for _, digests := range []int{5_000, 20_000, 100_000} {
		b.Run(fmt.Sprintf("15000 nodes of 500 of %d digests", digests), func(b *testing.B) {
			var before, after runtime.MemStats
			for b.Loop() {
				runtime.GC()
				runtime.ReadMemStats(&before)
				x := New()
				fleet(x, 15_000, 500, digests)
				runtime.GC()
				runtime.ReadMemStats(&after)
				st := x.Stats()
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(st.Pairs), "B/pair")
				b.ReportMetric(float64(st.Digests), "digests")
			}
		})
	}
}

func BenchmarkLookup(b *testing.B) {
	for _, nodes := range []int{4, 250, 15_000} {
		x := New()
		for n := range nodes {
			x.Apply(uint32(n), whole(1, dgs(1)))
		}
		b.Run(fmt.Sprintf("16 of %d holders", nodes), func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					seen := 0
					for range x.Holders(dg1, rand.Uint32()) {
						if seen++; seen == 16 {
							break
						}
					}
				}
			})
		})
	}
}

var dg1 = dg(1)

func BenchmarkApply(b *testing.B) {
	x := New()
	all := fleet(x, 1000, 500, 5000)
	b.Run("whole set of 500, nothing new", func(b *testing.B) {
		a := whole(1, all[:500])
		for b.Loop() {
			x.Apply(1, a)
		}
	})
	b.Run("one added, one removed", func(b *testing.B) {
		x.Apply(1, whole(1, nil))
		for seq := uint64(1); b.Loop(); seq++ {
			x.Apply(1, &trackerapi.AnnounceRequest{From: seq, Seq: seq + 1, Add: all[seq%64 : seq%64+1], Remove: all[(seq-1)%64 : (seq-1)%64+1]})
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	x := New()
	x.Apply(1, whole(1, dgs(1)))
	h := uint64(hashOf(dgs(1)))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			x.Check(1, 1, h)
		}
	})
}

// BenchmarkCensus counts the live holders of every digest.
func BenchmarkCensus(b *testing.B) {
	x := New()
	fleet(x, 15_000, 500, 20_000)
	live := NewAmong(func(yield func(uint32) bool) {
		for n := range uint32(15_000) {
			if !yield(n) {
				return
			}
		}
	})
	for _, enough := range []int{2, 1000, 20_000} {
		b.Run(fmt.Sprint("until ", enough), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for c := range x.Census(enough, live, live) {
					if c.Now == 0 {
						b.Fatal("nobody holds ", c.Name.Digest())
					}
				}
			}
		})
	}
}
