package ingests

import "time"

const (
	// sample is the shortest time that a rate is taken over: containerd
	// writes a megabyte at a time.
	sample = 200 * time.Millisecond
	// weight is that of the latest sample in the average.
	weight = 0.4
)

// pace is how fast something lately grew. It is a value: each sample makes a
// new one.
type pace struct {
	at     time.Time
	offset int64
	rate   float64 // bytes per second; 0 before the first sample is complete
}

func (p pace) next(now time.Time, offset int64) pace {
	elapsed := now.Sub(p.at)
	switch {
	case p.at.IsZero():
		return pace{at: now, offset: offset}
	case elapsed < sample:
		return p
	}
	rate := float64(max(0, offset-p.offset)) / elapsed.Seconds() // a feed may let go of what is not in the file yet
	if p.rate > 0 {
		rate = weight*rate + (1-weight)*p.rate
	}
	return pace{at: now, offset: offset, rate: rate}
}
