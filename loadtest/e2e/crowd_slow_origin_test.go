package e2e

import (
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// The registry is slow to the node that is to get a layer for all, or falls silent.
// When the others have waited for long enough one of them goes to the registry itself,
// and the rest have it from there: they have everything while the first one has not.
func TestACrowdOvertakesTheOneThatDownloads(t *testing.T) {
	const half = 8 * MB
	for name, w := range map[string]slowWriter{
		"slow":           {pause: 26 * time.Millisecond, limit: 1 << 30}, // 32 KiB each time: 10 Mbit/s
		"silent":         {limit: 0},
		"silent at half": {limit: half},
	} {
		t.Run(name, func(t *testing.T) { overtake(t, w) })
	}
}

func overtake(t *testing.T, slow slowWriter) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 65, Layers: []int64{16 * MB}})
	c.addCrowd(4)
	first, others := c.nodes[0], c.nodes[1:]
	layer := biggest(img)
	g := newGate(c, first.Host, layer, func(w http.ResponseWriter, r *http.Request, registry http.Handler) {
		mine := slow
		mine.ResponseWriter, mine.request = w, r
		registry.ServeHTTP(&mine, r)
	})
	c.slowLinks(g.host)
	for _, n := range c.nodes {
		n.Mirror(registryName, g.url, testbed.MirrorURL)
	}
	before := g.host.Traffic()
	ended := first.startPull(ref)
	defer func() { _ = ended() }()
	defer first.Kill() // which ends its pull
	c.Eventually(soon, "the first is at the registry", func() bool { return g.treated.Load() > 0 })
	startPulls(others, ref, img)()
	if _, err := os.Stat(first.BlobPath(layer)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the first had it before the others: %v", err)
	}
	c.wantCopies(g.host, before, img, oneMore)
}

// slowWriter pauses before each piece, and after so many bytes for ever.
type slowWriter struct {
	http.ResponseWriter
	request *http.Request
	pause   time.Duration
	limit   int
}

func (s *slowWriter) Write(p []byte) (int, error) {
	pause := time.After(s.pause)
	if s.limit < len(p) {
		pause = nil
	}
	select {
	case <-pause:
	case <-s.request.Context().Done():
		return 0, s.request.Context().Err()
	}
	s.limit -= len(p)
	return s.ResponseWriter.Write(p)
}

func (s *slowWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
