package registry

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	rateMemory   = 5 * time.Second // in which what was sent counts for 1/e of what it did
	waitsKept    = 128             // first bytes that are remembered
	waitsLast    = time.Minute     // and for how long
	waitQuantile = 0.95
)

// service is how neighbours have lately been served: how much they were sent, and
// how long they waited for it. It goes into the heartbeats. It is safe for
// concurrent use.
type service struct {
	total prometheus.Counter // of bytes

	mu    sync.Mutex
	rate  float64 // bytes per second, as of at
	at    time.Time
	waits [waitsKept]wait
	next  int
}

type wait struct {
	took time.Duration
	at   time.Time
}

// Add counts bytes that have just been sent.
func (s *service) Add(bytes float64) {
	s.total.Add(bytes)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.rate = decayed(s.rate, now.Sub(s.at)) + bytes/rateMemory.Seconds()
	s.at = now
}

// decayed is what is left of a rate after some time without a byte.
func decayed(rate float64, since time.Duration) float64 {
	return rate * math.Exp(-since.Seconds()/rateMemory.Seconds())
}

// bytesPerSecond is what was lately sent, as a moving average that forgets
// exponentially.
func (s *service) bytesPerSecond() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(decayed(s.rate, time.Since(s.at)))
}

// waited notes how long a neighbour waited for its first bytes.
func (s *service) waited(took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waits[s.next%waitsKept] = wait{took, time.Now()}
	s.next++
}

// latency is the 95th percentile of what neighbours lately waited; 0 when none
// has come.
func (s *service) latency() time.Duration {
	var recent []time.Duration
	s.mu.Lock()
	for _, w := range s.waits {
		if !w.at.IsZero() && time.Since(w.at) < waitsLast {
			recent = append(recent, w.took)
		}
	}
	s.mu.Unlock()
	if len(recent) == 0 {
		return 0
	}
	slices.Sort(recent)
	return recent[int(math.Ceil(waitQuantile*float64(len(recent))))-1]
}
