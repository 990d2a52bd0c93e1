package fleet

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// A histogram's buckets are 1/64 of a power of two wide, so a quantile is at
// most 1.6 % too high.
const (
	stepBits = 6
	steps    = 1 << stepBits
	octaves  = 36 // above the exact ones: up to an hour
)

// histogram counts durations, in nanoseconds. It is safe for concurrent use.
type histogram struct {
	buckets [(octaves + 1) * steps]atomic.Uint64
	count   atomic.Uint64
	longest atomic.Int64
}

// bucketOf is monotonic: below 64 it is the value itself; above, the six bits
// below the highest one count on from the power of two.
func bucketOf(ns int64) int {
	if ns < steps {
		return int(max(ns, 0))
	}
	octave := bits.Len64(uint64(ns)) - stepBits
	return min(octave*steps+int(ns>>(octave-1))-steps, (octaves+1)*steps-1)
}

// upperOf is the largest value that is counted in a bucket.
func upperOf(bucket int) int64 {
	if bucket < steps {
		return int64(bucket)
	}
	octave, step := bucket/steps, bucket%steps
	return (int64(steps+step+1) << (octave - 1)) - 1
}

func (h *histogram) add(d time.Duration) {
	h.buckets[bucketOf(int64(d))].Add(1)
	h.count.Add(1)
	for {
		longest := h.longest.Load()
		if int64(d) <= longest || h.longest.CompareAndSwap(longest, int64(d)) {
			return
		}
	}
}

// quantile is the nearest-rank one, 0 < q ≤ 1; 0 when nothing was counted.
func (h *histogram) quantile(q float64) time.Duration {
	rank := max(1, uint64(q*float64(h.count.Load())+0.999999))
	var seen uint64
	for i := range h.buckets {
		if seen += h.buckets[i].Load(); seen >= rank {
			return min(time.Duration(upperOf(i)), time.Duration(h.longest.Load()))
		}
	}
	return time.Duration(h.longest.Load())
}
