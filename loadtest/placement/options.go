package placement

import (
	"fmt"
	"time"

	"github.com/spf13/pflag"
)

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// Options are what the years are like. Times between two of something are means
// of an exponential distribution.
type Options struct {
	Nodes  int     `json:"nodes"`
	Zones  int     `json:"zones"`
	Years  float64 `json:"years"`
	Seed   uint64  `json:"seed"`
	Images int     `json:"images"`
	Factor int     `json:"factor"`

	Spot      float64 `json:"spot"`       // share of the nodes that may be taken away
	SpotDays  float64 `json:"spot_days"`  // between two losses of one of these
	NightOff  float64 `json:"night_off"`  // share of the spot nodes that are off from 22 to 6 h
	RebootDay float64 `json:"reboot_day"` // days between two reboots of a node
	CrashDays float64 `json:"crash_days"` // days between two crashes of a node
	DiskLoss  float64 `json:"disk_loss"`  // share of the crashes that take the disk with them
	Outages   float64 `json:"outages"`    // of each zone in a year
	Upgrades  float64 `json:"upgrades"`   // in a year, of all nodes, a hundredth at a time; disks are made anew
	NewDays   float64 `json:"new_days"`   // days between two versions of an image
	RateMiB   float64 `json:"rate_mib"`   // of one copy, in MiB per second
}

// Defaults are a cluster as many are.
func Defaults() Options {
	return Options{
		Nodes: 1000, Zones: 3, Years: 1, Seed: 1, Images: 100, Factor: 2,
		Spot: 0.1, SpotDays: 5, NightOff: 0.5, RebootDay: 60, CrashDays: 180, DiskLoss: 0.3,
		Outages: 2, Upgrades: 4, NewDays: 30, RateMiB: 50,
	}
}

func (o *Options) bind(f *pflag.FlagSet) {
	f.IntVar(&o.Nodes, "nodes", o.Nodes, "nodes")
	f.IntVar(&o.Zones, "zones", o.Zones, "zones")
	f.Float64Var(&o.Years, "years", o.Years, "years")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "of everything that chance decides")
	f.IntVar(&o.Images, "images", o.Images, "images that are replicated")
	f.IntVar(&o.Factor, "factor", o.Factor, "copies of each image")
	f.Float64Var(&o.Spot, "spot", o.Spot, "share of the nodes that may be taken away")
	f.Float64Var(&o.SpotDays, "spot-days", o.SpotDays, "days after which a spot node is taken away")
	f.Float64Var(&o.NightOff, "night-off", o.NightOff, "share of the spot nodes that are off at night")
	f.Float64Var(&o.RebootDay, "reboot-days", o.RebootDay, "days between two reboots of a node")
	f.Float64Var(&o.CrashDays, "crash-days", o.CrashDays, "days between two crashes of a node")
	f.Float64Var(&o.DiskLoss, "disk-loss", o.DiskLoss, "share of the crashes that take the disk with them")
	f.Float64Var(&o.Outages, "outages", o.Outages, "outages of each zone in a year")
	f.Float64Var(&o.Upgrades, "upgrades", o.Upgrades, "rolling upgrades in a year")
	f.Float64Var(&o.NewDays, "new-days", o.NewDays, "days between two versions of an image")
	f.Float64Var(&o.RateMiB, "rate", o.RateMiB, "rate of one copy in MiB per second")
}

func (o *Options) check() error {
	for _, c := range []struct {
		name               string
		value, least, most float64
	}{
		{"nodes", float64(o.Nodes), 2, 20_000},
		{"zones", float64(o.Zones), 1, 100},
		{"years", o.Years, 0.001, 100},
		{"images", float64(o.Images), 1, 5000},
		{"factor", float64(o.Factor), 1, 100},
		{"spot", o.Spot, 0, 1},
		{"spot-days", o.SpotDays, 0.1, 1e6},
		{"night-off", o.NightOff, 0, 1},
		{"reboot-days", o.RebootDay, 0.1, 1e6},
		{"crash-days", o.CrashDays, 0.1, 1e6},
		{"disk-loss", o.DiskLoss, 0, 1},
		{"outages", o.Outages, 0, 100},
		{"upgrades", o.Upgrades, 0, 52},
		{"new-days", o.NewDays, 0.1, 1e6},
		{"rate", o.RateMiB, 0.001, 1e6},
	} {
		if !(c.value >= c.least && c.value <= c.most) {
			return fmt.Errorf("%s: want %g to %g", c.name, c.least, c.most)
		}
	}
	return nil
}

func (o *Options) span() time.Duration { return time.Duration(o.Years * float64(year)) }

// isSpot: these are spread over the zones as all nodes are.
func (o *Options) isSpot(slot int) bool {
	return float64(slot/o.Zones) < o.Spot*float64(o.Nodes/o.Zones)
}
