package ingests

import "time"

// timing is how long things are waited for.
type timing struct {
	// quickest and slowest are the pauses between looks at the folder of
	// ingests: quick, and then slower and slower, while something is
	// expected; slow when nothing is.
	quickest, slowest time.Duration
	// expect is how long content is expected that does not come.
	expect time.Duration
	// standstill is how long an ingest may stand still before it is one
	// left behind, until it grows again.
	standstill time.Duration
	// commit is how long an ingest may be full before it is suspected of
	// being wrong: a commit writes everything to disk, and may take long.
	commit time.Duration
	// stuck is how long it may be full after that.
	stuck time.Duration
}

var defaultTiming = timing{
	quickest:   20 * time.Millisecond,
	slowest:    time.Second,
	expect:     30 * time.Second,
	standstill: 10 * time.Second,
	commit:     time.Second,
	stuck:      2 * time.Minute,
}
