package fleet

import (
	"errors"
	"fmt"
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
	Redis    string        `json:"-"`           // auto, none or a URL, which may have a password in it
	Tracker  string        `json:"-"`           // the program; empty: built from source
	Only     []string      `json:"only"`        // parts besides fill; empty: all
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
		Duration: 10 * time.Second, Interval: time.Second, Redis: "auto", Seed: 1,
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
	flags.StringVar(&o.Redis, "redis", o.Redis, "the trackers' common memory: a URL, none, or auto for a redis-server of our own if one is installed")
	flags.StringVar(&o.Tracker, "tracker", o.Tracker, "tracker program (default: built from source)")
	flags.StringSliceVar(&o.Only, "only", nil, "parts besides the filling: rates, mix (the restart belongs to it)")
	flags.Uint64Var(&o.Seed, "seed", o.Seed, "of everything that chance decides")
	flags.Float64Var(&o.Lookups, "lookups", o.Lookups, "lookups per second in the mix, every other one batched")
	flags.Float64Var(&o.Changes, "changes", o.Changes, "changed inventories per second in the mix")
	flags.Float64Var(&o.Failures, "failures", o.Failures, "nodes that fail per second in the mix")
	flags.DurationVar(&o.Outage, "outage", o.Outage, "time after which a failed node returns")
	flags.IntVar(&o.Batch, "batch", o.Batch, "digests in a batched lookup")
	flags.IntVar(&o.Workers, "workers", o.Workers, "requests at a time")
}

func (o *Options) check() error {
	for _, part := range o.Only {
		if part != "rates" && part != "mix" {
			return fmt.Errorf("part %q: want rates or mix", part)
		}
	}
	switch {
	case o.Nodes < 2 || o.Nodes > maxNodes:
		return fmt.Errorf("nodes: want 2 to %d", maxNodes)
	case o.Digests < 1 || o.Digests > trackerapi.MaxDigests:
		return fmt.Errorf("digests: want 1 to %d", trackerapi.MaxDigests)
	case o.Images < 1:
		return errors.New("images: want at least 1")
	case o.Trackers < 1 || o.Trackers > maxTrackers:
		return fmt.Errorf("trackers: want 1 to %d", maxTrackers)
	case o.Batch < 1 || o.Batch > trackerapi.MaxLookup:
		return fmt.Errorf("batch: want 1 to %d", trackerapi.MaxLookup)
	case o.Workers < 1 || o.Duration <= 0 || o.Interval <= 0 || o.Outage <= 0:
		return errors.New("workers, duration, heartbeat-interval and outage must be more than 0")
	case o.Lookups < 0 || o.Changes < 0 || o.Failures < 0:
		return errors.New("lookups, changes and failures can't be less than 0")
	}
	return nil
}

// does says whether a part is wanted.
func (o *Options) does(part string) bool { return len(o.Only) == 0 || slices.Contains(o.Only, part) }
