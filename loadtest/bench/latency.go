package bench

import (
	"crypto/rand"
	"net/http"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/figures"
	"github.com/drayproject/dray/loadtest/testbed"
)

const (
	latencyRequests = 2000     // of each kind, each for another digest
	latencyWarmUp   = 100      // requests before them that don't count
	smallBlob       = 16 << 10 // verified before its first byte goes out, as all up to 1 MiB
	largeBlob       = 17 << 16 // 1.06 MiB: relayed as it arrives
)

// latencyStage is a client on the taker's loopback, with one connection that is
// kept alive and one request at a time: how containerd asks its mirror.
type latencyStage struct {
	*pair
	report *Report
	buf    []byte
	wrong  int // answers in this round that were not what they should be
}

// measureLatency has the client ask the mirror for what nobody has, and for what
// only the giver has; and nginx for comparison. Every round has a new seeder,
// which remembers no answers.
func measureLatency(t testbed.T, r *Report) {
	s := &latencyStage{pair: newPair(t), report: r, buf: make([]byte, readSize)}
	small := s.giver.fill(t, "small", latencyWarmUp+latencyRequests, smallBlob)
	large := s.giver.fill(t, "large", latencyWarmUp+latencyRequests, largeBlob)
	s.waitAnnounced(small, 1)
	s.waitAnnounced(large, 1)
	s.startNginx(s.taker)
	for range r.Rounds {
		s.startSeeder(s.taker)
		s.wrong = 0
		s.Eventually(settled, "the mirror relays", func() bool { return s.ask(atMirror(small[0])).status == http.StatusOK })
		s.compare("nginx, 404", absent(), atNginx, http.StatusNotFound)
		s.compare("nginx, first byte of 16 KiB", small, atNginx, http.StatusOK)
		s.judge("mirror, 404 for what nobody has", absent(), http.StatusNotFound)
		s.judge("mirror, first byte of 16 KiB from a neighbour", small, http.StatusOK)
		s.judge("mirror, first byte of 1.06 MiB from a neighbour", large, http.StatusOK)
		r.note("wrong answers", "of 10000", atMost(0), float64(s.wrong))
	}
}

// absent are digests that nobody has.
func absent() []digest.Digest {
	ds := make([]digest.Digest, latencyWarmUp+latencyRequests)
	for i := range ds {
		ds[i] = digest.FromString(rand.Text())
	}
	return ds
}

func (s *latencyStage) compare(what string, ds []digest.Digest, url func(digest.Digest) string, status int) {
	s.t.Helper()
	times := s.firstBytes(ds, url, status)
	s.report.note(what+", p50", "ms", nil, figures.Quantile(times, 0.5))
	s.report.note(what+", p99", "ms", nil, figures.Quantile(times, 0.99))
}

func (s *latencyStage) judge(what string, ds []digest.Digest, status int) {
	s.t.Helper()
	times := s.firstBytes(ds, atMirror, status)
	s.report.note(what+", p50", "ms", atMost(2), figures.Quantile(times, 0.5))
	s.report.note(what+", p99", "ms", atMost(10), figures.Quantile(times, 0.99))
}

// firstBytes asks for every digest once and returns how long the first byte of
// each body took, in milliseconds. A wrong status counts, and so does its time.
func (s *latencyStage) firstBytes(ds []digest.Digest, url func(digest.Digest) string, status int) []float64 {
	s.t.Helper()
	var times []float64
	for i, d := range ds {
		f := s.ask(url(d))
		if f.status != status && i >= latencyWarmUp {
			s.wrong++
		}
		times = append(times, f.firstByte.Seconds()*float64(time.Second/time.Millisecond))
	}
	return times[latencyWarmUp:]
}

func (s *latencyStage) ask(url string) fetched {
	s.t.Helper()
	f, err := fetch(s.t.Context(), s.taker.Host.Client(), url, s.buf)
	if err != nil {
		s.t.Fatalf("%w", err)
	}
	return f
}
