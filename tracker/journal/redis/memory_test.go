package redis_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/journal/journaltest"
	"github.com/drayproject/dray/tracker/journal/journaltest/redistest"
	"github.com/drayproject/dray/tracker/journal/redis"
)

// fill writes a fleet, the popular digests of which are on most nodes and the
// others on few, the trackers taking turns, and says how many pairs there are.
func fill(t testing.TB, trackers []*redis.Redis, nodes, perNode, digests int) (pairs int) {
	t.Helper()
	all := make([]digest.Digest, digests)
	for i := range all {
		all[i] = journaltest.Digest(i)
	}
	random := rand.New(rand.NewPCG(1, 1))
	zipf := rand.NewZipf(random, 1.05, 50, uint64(digests-1))
	var batch []journal.Entry
	for n := range nodes {
		e := journal.Entry{
			Node:    trackerapi.Node{Name: fmt.Sprintf("node-%05d.example.org", n), Epoch: 1_763_880_000_123, Addr: fmt.Sprintf("10.0.%d.%d:5002", n/250, n%250), Zone: "zone-a", Version: "v1.0.0"},
			Heard:   time.Unix(1_763_880_100, 0),
			History: []journal.Verdict{{At: time.Unix(1_763_880_000, 0), State: "ready", Reason: "register"}},
			Set:     &journal.Set{},
		}
		for mine := map[uint64]bool{}; len(mine) < perNode; {
			if i := zipf.Uint64(); !mine[i] {
				mine[i] = true
				e.Set.Digests = append(e.Set.Digests, all[i])
			}
		}
		pairs += perNode
		if batch = append(batch, e); len(batch) == 64 || n == nodes-1 {
			write(t, trackers[n/64%len(trackers)], batch...)
			batch = batch[:0]
		}
	}
	return pairs
}

func usedMemory(s *redistest.Server) (bytes int) {
	for line := range strings.Lines(s.Do("INFO", "memory")) {
		if text, found := strings.CutPrefix(line, "used_memory:"); found {
			bytes, _ = strconv.Atoi(strings.TrimSpace(text))
		}
	}
	return bytes
}

func TestPairCostsAtMostThreeBytes(t *testing.T) {
	s := redistest.Start(t) // with its default configuration
	r := mustOpen(t, mustNew(t, "redis://"+s.Addr, "dray:"))
	before := usedMemory(s)
	pairs := fill(t, []*redis.Redis{r}, 2000, 500, 5000)
	perPair := float64(usedMemory(s)-before) / float64(pairs)
	t.Logf("%.2f bytes per pair", perPair)
	if perPair > 3 {
		t.Errorf("a pair costs %.2f bytes", perPair)
	}
}

// BenchmarkFleet measures what a fleet of 15 000 nodes with 500 digests each
// costs in Redis, all included, and how long it takes to read it.
func BenchmarkFleet(b *testing.B) {
	for _, digests := range []int{5_000, 20_000, 100_000} {
		for _, trackers := range []int{1, 3} {
			b.Run(fmt.Sprintf("%d digests, %d trackers", digests, trackers), func(b *testing.B) {
				for b.Loop() {
					measureFleet(b, digests, trackers)
				}
			})
		}
	}
}

func measureFleet(b *testing.B, digests, trackers int) {
	s := redistest.Start(b)
	defer s.Stop()
	var all []*redis.Redis
	for range trackers {
		all = append(all, mustOpen(b, mustNew(b, "redis://"+s.Addr, "dray:")))
	}
	before := usedMemory(s)
	pairs := fill(b, all, 15_000, 500, digests)
	b.ReportMetric(float64(usedMemory(s)-before)/float64(pairs), "B/pair")
	begin := time.Now()
	for _, err := range mustNew(b, "redis://"+s.Addr, "dray:").Load(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(time.Since(begin).Seconds(), "s/load")
}
