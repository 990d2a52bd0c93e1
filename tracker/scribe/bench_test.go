package scribe_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/journal/journaltest"
	"github.com/drayproject/dray/tracker/journal/journaltest/redistest"
	"github.com/drayproject/dray/tracker/journal/redis"
	"github.com/drayproject/dray/tracker/roster"
	"github.com/drayproject/dray/tracker/scribe"
)

// BenchmarkRecall starts a tracker from a Redis with 15 000 nodes of 500
// digests each.
func BenchmarkRecall(b *testing.B) {
	for _, digests := range []int{5_000, 100_000} {
		b.Run(fmt.Sprintf("of %d digests", digests), func(b *testing.B) {
			s := redistest.Start(b)
			fill(b, open(b, s), 15_000, 500, digests)
			for b.Loop() {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				h, x := scribe.NewHistory(), index.New()
				r := roster.New(roster.Policy{Interval: time.Second, SuspectAfter: 2, DeadAfter: 3, PurgeAfter: time.Hour}, h, slog.New(slog.DiscardHandler))
				sc := scribe.New(open(b, s), x, r, h, time.Hour, slog.New(slog.DiscardHandler))
				begin := time.Now()
				if err := sc.Recall(b.Context()); err != nil || x.Stats().Pairs != 15_000*500 {
					b.Fatal(err, x.Stats())
				}
				b.ReportMetric(time.Since(begin).Seconds(), "s/recall")
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(x.Stats().Pairs), "B/pair")
				runtime.KeepAlive(sc)
			}
		})
	}
}

func open(b *testing.B, s *redistest.Server) *redis.Redis {
	b.Helper()
	r, err := redis.New("redis://"+s.Addr, "dray:")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { r.Close() })
	if err := r.Open(b.Context()); err != nil {
		b.Fatal(err)
	}
	return r
}

// fill writes nodes the popular digests of which are on most of them.
func fill(b *testing.B, j journal.Journal, nodes, perNode, digests int) {
	b.Helper()
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 1)), 1.05, 50, uint64(digests-1))
	var batch []journal.Entry
	for n := range nodes {
		e := journal.Entry{Node: trackerapi.Node{Name: fmt.Sprintf("node-%05d", n), Epoch: 1, Addr: "10.0.0.1:5002"}, Heard: time.Now(), Set: &journal.Set{}}
		mine := map[uint64]bool{}
		for len(mine) < perNode {
			mine[zipf.Uint64()] = true
		}
		for i := range mine {
			e.Set.Digests = append(e.Set.Digests, digestNumber(int(i)))
		}
		if batch = append(batch, e); len(batch) == 50 {
			if err := j.Write(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
			batch = batch[:0]
		}
	}
}

var made = map[int]digest.Digest{}

func digestNumber(i int) digest.Digest {
	if _, there := made[i]; !there {
		made[i] = journaltest.Digest(i)
	}
	return made[i]
}
