package placement

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// kind is what may happen.
type kind uint8

const (
	warned kind = iota // it will go down, and knows it
	down               // it is away
	wiped              // and its disk is lost
	back               // it is there again
	pushed             // a new version of an image is pulled by the node
)

// happening is one thing that happens to a slot, which is a machine, or the place
// of one that is made anew each time.
type happening struct {
	at    time.Duration
	kind  kind
	slot  int
	image int
}

// step is how exactly time is kept.
const step = 30 * time.Second

// notice is how long before a planned leave a node is told.
const notice = 10 * time.Minute

// forecast is all that will happen, in order.
type forecast struct {
	o   *Options
	rng *rand.Rand
	all []happening
}

func weather(o *Options) []happening {
	f := &forecast{o: o, rng: rand.New(rand.NewPCG(o.Seed, 0))} //nolint:gosec // a simulation
	for i := range o.Images {
		f.add(0, pushed, f.rng.IntN(o.Nodes), i)
		f.every(o.NewDays, func(at time.Duration) { f.add(at, pushed, f.rng.IntN(o.Nodes), i) })
	}
	for slot := range o.Nodes {
		f.faults(slot)
	}
	for zone := range o.Zones {
		f.every(365/max(o.Outages, 1e-9), func(at time.Duration) { f.outage(at, zone) })
	}
	f.upgrades()
	f.nights()
	slices.SortStableFunc(f.all, func(a, b happening) int { return cmp.Compare(a.at, b.at) })
	return f.all
}

func (f *forecast) add(at time.Duration, k kind, slot, image int) {
	f.all = append(f.all, happening{at.Truncate(step), k, slot, image})
}

// every calls do after times of so many days on average.
func (f *forecast) every(days float64, do func(at time.Duration)) {
	for at := f.after(days); at < f.o.span(); at += f.after(days) {
		do(at)
	}
}

func (f *forecast) after(days float64) time.Duration {
	return time.Duration(min(f.rng.ExpFloat64()*days, 1e5) * float64(day))
}

func (f *forecast) faults(slot int) {
	f.every(f.o.RebootDay, func(at time.Duration) { f.gone(at, slot, down, 4*time.Minute) })
	f.every(f.o.CrashDays, func(at time.Duration) {
		k := down
		if f.rng.Float64() < f.o.DiskLoss {
			k = wiped
		}
		f.gone(at, slot, k, max(10*time.Minute, f.after(4.0/24)))
	})
	if f.o.isSpot(slot) {
		f.every(f.o.SpotDays, func(at time.Duration) { f.gone(at, slot, wiped, 10*time.Minute) })
	}
}

func (f *forecast) gone(at time.Duration, slot int, k kind, span time.Duration) {
	f.add(at, k, slot, 0)
	f.add(at+max(span, step), back, slot, 0)
}

func (f *forecast) outage(at time.Duration, zone int) {
	span := max(5*time.Minute, f.after(1.0/24))
	for slot := zone; slot < f.o.Nodes; slot += f.o.Zones {
		f.gone(at, slot, down, span)
	}
}

// upgrades go through all nodes, a hundredth at a time, one such part after the
// other; their disks are made anew.
func (f *forecast) upgrades() {
	if f.o.Upgrades == 0 {
		return
	}
	const span = 15 * time.Minute
	between := time.Duration(float64(year) / f.o.Upgrades)
	for start := between / 2; start < f.o.span(); start += between {
		batch := max(1, f.o.Nodes/100)
		for i, slot := range f.rng.Perm(f.o.Nodes) {
			at := start + time.Duration(i/batch)*(span+notice)
			f.add(at-notice, warned, slot, 0)
			f.gone(at, slot, wiped, span)
		}
	}
}

// nights take a share of the spot nodes away.
func (f *forecast) nights() {
	for at := 22 * time.Hour; at < f.o.span(); at += day {
		for slot := range f.o.Nodes {
			if f.o.isSpot(slot) && f.rng.Float64() < f.o.NightOff {
				f.add(at-notice, warned, slot, 0)
				f.gone(at, slot, wiped, 8*time.Hour)
			}
		}
	}
}
