package swarm

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
)

// Options are what a run may be told.
type Options struct {
	Nodes       int           `json:"nodes"`
	IngestRatio float64       `json:"ingest_ratio"` // d/b: what a node takes in, over what its link carries
	LinkMbit    float64       `json:"link_mbit"`    // b, each way
	OriginMbit  float64       `json:"origin_mbit"`  // 0: as a node's link
	SizeMiB     float64       `json:"size_mib"`     // of a blob
	Blobs       int           `json:"blobs"`        // of the image: F is their sum
	Shuffle     bool          `json:"shuffle"`      // every node asks for them in an order of its own
	Whole       int           `json:"whole"`        // nodes that hold the blob when it begins
	Zones       int           `json:"zones"`
	LeaseByZone bool          `json:"lease_per_zone"`
	Fanout      int           `json:"fanout"`      // 0: as the tracker finds right
	Window      int           `json:"window"`      // pieces of 1 MiB that a node may get out of order; 0: none, as seeders do
	KnownLinks  bool          `json:"known_links"` // the tracker has measured all links before
	Arrivals    time.Duration `json:"arrivals_ns"` // over which the nodes arrive, evenly
	Deaths      float64       `json:"deaths"`      // share of the nodes that die midway
	SlowTail    float64       `json:"slow_tail"`   // share of the nodes that take in a quarter
	Seed        uint64        `json:"seed"`

	RoundTrip time.Duration `json:"round_trip_ns"` // between any two
	Setup     time.Duration `json:"setup_ns"`      // from an answer to the first bytes on disk, without round trips
	Origin    time.Duration `json:"origin_ns"`     // to the origin's first byte
	Step      time.Duration `json:"step_ns"`
	Wait      time.Duration `json:"wait_ns"`
}

// Defaults are the conditions of the figures in docs/performance.md.
func Defaults() Options {
	return Options{
		Nodes: 1000, IngestRatio: 0.25, LinkMbit: 1000, SizeMiB: 256, Blobs: 1, Zones: 1, Seed: 1,
		RoundTrip: time.Millisecond, Setup: 10 * time.Millisecond, Origin: 100 * time.Millisecond,
		Step: 5 * time.Millisecond, Wait: time.Second,
	}
}

func (o *Options) bind(f *pflag.FlagSet) {
	f.IntVar(&o.Nodes, "nodes", o.Nodes, "nodes that want the blob")
	f.Float64Var(&o.IngestRatio, "ingest-ratio", o.IngestRatio, "d/b: what a node takes in over what its link carries")
	f.Float64Var(&o.LinkMbit, "link", o.LinkMbit, "b: what a node's link carries each way, in Mbit/s")
	f.Float64Var(&o.OriginMbit, "origin-link", o.OriginMbit, "what the origin's link carries, in Mbit/s; 0: as a node's")
	f.Float64Var(&o.SizeMiB, "size", o.SizeMiB, "the blob's size in MiB")
	f.IntVar(&o.Blobs, "blobs", o.Blobs, "blobs of that size that every node wants, three at a time")
	f.BoolVar(&o.Shuffle, "shuffle", o.Shuffle, "every node asks for the blobs in an order of its own")
	f.IntVar(&o.Whole, "whole", o.Whole, "nodes that hold the blob already")
	f.IntVar(&o.Zones, "zones", o.Zones, "zones")
	f.BoolVar(&o.LeaseByZone, "origin-per-zone", o.LeaseByZone, "one origin lease for each zone")
	f.IntVar(&o.Fanout, "fanout", o.Fanout, "k: children of every parent; 0: as the tracker finds right")
	f.IntVar(&o.Window, "window", o.Window, "what it would be if nodes got pieces of 1 MiB from anybody, so many of them out of order; 0: as it is")
	f.BoolVar(&o.KnownLinks, "known-links", o.KnownLinks, "let the tracker have measured all links before")
	f.DurationVar(&o.Arrivals, "arrivals", o.Arrivals, "time over which the nodes arrive")
	f.Float64Var(&o.Deaths, "deaths", o.Deaths, "share of the nodes that die midway")
	f.Float64Var(&o.SlowTail, "slow-tail", o.SlowTail, "share of the nodes that take in a quarter of the others")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "of everything that chance decides")
	f.DurationVar(&o.RoundTrip, "round-trip", o.RoundTrip, "round trip between any two")
	f.DurationVar(&o.Setup, "setup", o.Setup, "time from an answer to the first bytes on disk, besides round trips")
	f.DurationVar(&o.Origin, "origin-delay", o.Origin, "time to the origin's first byte")
	f.DurationVar(&o.Step, "step", o.Step, "length of a step of the flow, which is what a hop costs the bytes")
	f.DurationVar(&o.Wait, "origin-wait", o.Wait, "how long a join may wait")
}

func (o *Options) check() error {
	for _, c := range []struct {
		name         string
		value, least float64
		most         float64
	}{
		{"nodes", float64(o.Nodes), 1, 100_000},
		{"ingest-ratio", o.IngestRatio, 0.001, 1},
		{"link", o.LinkMbit, 0.1, 1e6},
		{"origin-link", o.OriginMbit, 0, 1e6},
		{"size", o.SizeMiB, 0.001, 1 << 20},
		{"blobs", float64(o.Blobs), 1, 100},
		{"whole", float64(o.Whole), 0, 1000},
		{"zones", float64(o.Zones), 1, 1000},
		{"fanout", float64(o.Fanout), 0, 16},
		{"window", float64(o.Window), 0, maxWindow},
		{"deaths", o.Deaths, 0, 0.9},
		{"slow-tail", o.SlowTail, 0, 1},
		{"arrivals in seconds", o.Arrivals.Seconds(), 0, 3600},
		{"round-trip in seconds", o.RoundTrip.Seconds(), 0, 1},
		{"setup in seconds", o.Setup.Seconds(), 0, 10},
		{"origin-delay in seconds", o.Origin.Seconds(), 0, 10},
		{"step in seconds", o.Step.Seconds(), 0.0005, 0.1},
		{"origin-wait in seconds", o.Wait.Seconds(), 0, 60},
	} {
		if !(c.value >= c.least && c.value <= c.most) {
			return fmt.Errorf("%s: want %g to %g", c.name, c.least, c.most)
		}
	}
	if o.Window > 0 && (o.Blobs > 1 || o.Zones > 1 || o.Arrivals > 0 || o.Deaths > 0 || o.SlowTail > 0) {
		return errors.New("with a window there is one blob, and all nodes are equal, live on, and arrive at once")
	}
	return nil
}

// Rates in bytes per second, and the blob's size.
func (o *Options) link() float64   { return o.LinkMbit * 1e6 / 8 }
func (o *Options) intake() float64 { return o.link() * o.IngestRatio }
func (o *Options) size() float64   { return o.SizeMiB * (1 << 20) }
func (o *Options) origin() float64 {
	if o.OriginMbit > 0 {
		return o.OriginMbit * 1e6 / 8
	}
	return o.link()
}

// all is F.
func (o *Options) all() float64 { return o.size() * float64(o.Blobs) }

// bound is F/d: nobody can be done sooner after having arrived.
func (o *Options) bound() float64 { return o.all() / min(o.intake(), o.origin()) }
