package e2e

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// inquiry asks a node's mirror for one blob after the other, each of which a
// neighbour has, and begins again after the last one. By then the mirror has
// forgotten the first one's handout, so every request needs a lookup.
type inquiry struct {
	node *node
	end  func() // and wait until it has ended

	mu      sync.Mutex
	answers []answer
}

type answer struct {
	at     time.Time
	status int
	took   time.Duration
}

const (
	pace   = 70 * time.Millisecond // between two requests
	memory = 10 * time.Second      // of a seeder, for a handout
)

// manyLayers is enough of them for an inquiry.
var manyLayers = imagekit.Spec{Seed: 20, Layers: slices.Repeat([]int64{100}, int(memory*11/10/pace))}

// inquire begins to ask for the layers, and returns with the first good answer:
// the node knows a neighbour then, whom it can ask without a tracker, should
// this machine be too busy for a lookup.
func (n *node) inquire(img *imagekit.Image) *inquiry {
	q := &inquiry{node: n}
	ctx, cancel := context.WithCancel(n.cluster.t.Context())
	var done sync.WaitGroup
	done.Go(func() { q.run(ctx, img.Layers()) })
	q.end = func() { cancel(); done.Wait() }
	n.cluster.t.Cleanup(q.end)
	n.cluster.Eventually(soon, n.Host.Name+" gets something from a neighbour", func() bool {
		return slices.ContainsFunc(q.since(time.Time{}), func(a answer) bool { return a.status == http.StatusOK })
	})
	return q
}

func (q *inquiry) run(ctx context.Context, layers []imagekit.Part) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		a := answer{at: time.Now()}
		a.status, a.took = q.node.ask("blobs", layers[i%len(layers)].Digest)
		q.mu.Lock()
		q.answers = append(q.answers, a)
		q.mu.Unlock()
	}
}

// since is how the answers were to what was asked after begin.
func (q *inquiry) since(begin time.Time) (all []answer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, a := range q.answers {
		if a.at.After(begin) {
			all = append(all, a)
		}
	}
	return all
}

// check wants an answer to everything that was asked after begin, and prints
// how long the answers took. How much one that is affected by a fault may take
// is for the announcer's own tests: here other tests add to it.
func (q *inquiry) check(what string, begin time.Time) {
	t := q.node.cluster.t
	t.Helper()
	all := q.since(begin)
	if len(all) == 0 {
		t.Errorf("%s: nothing was asked", what)
		return
	}
	var delays []time.Duration
	for _, a := range all {
		if a.status != http.StatusOK || a.took > busy(60*time.Millisecond) {
			t.Errorf("%s: what was asked %s later: status %d after %s; want 200 at once", what, a.at.Sub(begin), a.status, a.took)
		}
		delays = append(delays, a.took)
	}
	slices.SortFunc(all, func(a, b answer) int { return cmp.Compare(b.took, a.took) })
	t.Logf("%s: %d requests, usually %s; the slowest, and when: %s", what, len(all), median(delays).Round(100*time.Microsecond), describe(all[:min(5, len(all))], begin))
}

func describe(some []answer, begin time.Time) string {
	var s []string
	for _, a := range some {
		s = append(s, fmt.Sprintf("%dms at %.2fs", a.took.Milliseconds(), a.at.Sub(begin).Seconds()))
	}
	return strings.Join(s, ", ")
}
