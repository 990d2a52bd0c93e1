package fleet

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/spf13/pflag"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Options are what a run may be told.
type Options struct {
	Nodes    int           `json:"nodes"`
	Digests  int           `json:"digests"` // on each node
	Images   int           `json:"images"`  // in the catalogue
	Trackers int           `json:"trackers"`
	Duration time.Duration `json:"duration_ns"` // of the mix, and of each measurement of a rate
	Interval time.Duration `json:"interval_ns"` // between heartbeats in the mix
	Rate     int           `json:"rate"`        // of heartbeats that a tracker is to bear
	Redis    string        `json:"-"`           // auto, none or a URL, which may have a password in it
	Tracker  string        `json:"-"`           // the program; empty: built from source
	Only     []string      `json:"only"`        // parts besides fill; empty: all
	Apart    bool          `json:"apart"`       // each tracker has a CPU of its own
	Seed     uint64        `json:"seed"`

	// Per second, of the whole fleet, in the mix.
	Lookups  float64       `json:"lookups"`
	Changes  float64       `json:"changes"`
	Failures float64       `json:"failures"`
	Outage   time.Duration `json:"outage_ns"` // how long a failed node stays away

	Batch   int `json:"batch"`   // digests in a batched lookup
	Workers int `json:"workers"` // requests at a time
}

func defaults() Options {
	return Options{
		Nodes: 1000, Digests: 200, Images: 2000, Trackers: 1,
		Duration: 10 * time.Second, Interval: time.Second, Rate: 7000, Redis: "auto", Seed: 1,
		Lookups: 500, Changes: 100, Failures: 0.2, Outage: 10 * time.Second,
		Batch: 20, Workers: 64,
	}
}

func (o *Options) bind(flags *pflag.FlagSet) {
	flags.IntVar(&o.Nodes, "nodes", o.Nodes, "virtual seeders")
	flags.IntVar(&o.Digests, "digests", o.Digests, "digests on each node")
	flags.IntVar(&o.Images, "images", o.Images, "images in the catalogue; a few digests each, the popular ones on most nodes")
	flags.IntVar(&o.Trackers, "trackers", o.Trackers, "tracker processes")
	flags.DurationVar(&o.Duration, "duration", o.Duration, "length of the mix, and of each measurement of a rate")
	flags.DurationVar(&o.Interval, "heartbeat-interval", o.Interval, "time between a node's heartbeats in the mix")
	flags.IntVar(&o.Rate, "heartbeat-rate", o.Rate, "heartbeats per second beyond which a tracker has the nodes beat less often; 0: it never does")
	flags.StringVar(&o.Redis, "redis", o.Redis, "the trackers' common memory: a URL, none, or auto for a redis-server of our own if one is installed")
	flags.StringVar(&o.Tracker, "tracker", o.Tracker, "tracker program (default: built from source)")
	flags.StringSliceVar(&o.Only, "only", nil, "parts besides the filling: rates, people, comeback, mix (the restart belongs to it)")
	flags.BoolVar(&o.Apart, "apart", o.Apart, "give each tracker a CPU of its own, which nothing else of this run uses")
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "of everything that chance decides")
	flags.Float64Var(&o.Lookups, "lookups", o.Lookups, "lookups per second in the mix, every other one batched")
	flags.Float64Var(&o.Changes, "changes", o.Changes, "changed inventories per second in the mix")
	flags.Float64Var(&o.Failures, "failures", o.Failures, "nodes that fail per second in the mix")
	flags.DurationVar(&o.Outage, "outage", o.Outage, "time after which a failed node returns")
	flags.IntVar(&o.Batch, "batch", o.Batch, "digests in a batched lookup")
	flags.IntVar(&o.Workers, "workers", o.Workers, "requests at a time")
}

// parts are what a run may be made of.
var parts = []string{"rates", "people", "comeback", "mix"}

func (o *Options) check() error {
	for _, c := range []struct {
		name         string
		value, least float64
		most         float64
	}{
		{"nodes", float64(o.Nodes), 2, maxNodes},
		{"digests", float64(o.Digests), 1, trackerapi.MaxDigests},
		{"images", float64(o.Images), 1, math.MaxInt32},
		{"trackers", float64(o.Trackers), 1, maxTrackers},
		{"batch", float64(o.Batch), 1, trackerapi.MaxLookup},
		{"workers", float64(o.Workers), 1, 10_000},
		{"duration in seconds", o.Duration.Seconds(), 0.1, 86_400},
		{"heartbeat-interval in seconds", o.Interval.Seconds(), 0.1, 3600},
		{"heartbeat-rate", float64(o.Rate), 0, math.MaxInt32},
		{"outage in seconds", o.Outage.Seconds(), 0, 86_400},
		{"lookups", o.Lookups, 0, 1e6},
		{"changes", o.Changes, 0, 1e6},
		{"failures", o.Failures, 0, 1e6},
	} {
		if c.value < c.least || c.value > c.most {
			return fmt.Errorf("%s: want %g to %g", c.name, c.least, c.most)
		}
	}
	for _, part := range o.Only {
		if !slices.Contains(parts, part) {
			return fmt.Errorf("part %q: want one of %v", part, parts)
		}
	}
	return nil
}

// does says whether a part is wanted.
func (o *Options) does(part string) bool { return len(o.Only) == 0 || slices.Contains(o.Only, part) }
