package fleet

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// text may be read while it changes.
type text struct{ atomic.Pointer[string] }

func (t *text) set(s string) { t.Store(&s) }

func (t *text) get() string {
	if s := t.Load(); s != nil {
		return *s
	}
	return ""
}

// Sample is one second of a run.
type Sample struct {
	At         float64            `json:"at"` // seconds since the fleet was ready
	Part       string             `json:"part"`
	Cores      float64            `json:"cores"` // that all trackers used
	Resident   float64            `json:"resident_mib"`
	PerSecond  map[string]float64 `json:"per_second"` // requests, by verb
	DownNodes  int                `json:"down_nodes"`
	ErrorCount int                `json:"errors"` // in this part so far
}

func (r *run) say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.progress, format+"\n", args...)
}

// watch takes a sample each second until ctx ends, and shows it.
func (r *run) watch(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	begin, last := time.Now(), glance{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := r.glance()
		if now.record == last.record && now.cpu > last.cpu {
			s := r.sample(last, now)
			s.At = now.at.Sub(begin).Seconds()
			r.report.Samples = append(r.report.Samples, s)
			r.say("%s", s)
		}
		last = now
	}
}

// glance is what the counters stand at.
type glance struct {
	at       time.Time
	record   *recorder
	count    map[string]uint64
	cpu      time.Duration
	resident int64
}

func (r *run) glance() glance {
	g := glance{at: time.Now(), record: r.fleet.note(), count: map[string]uint64{}}
	for _, v := range verbs {
		g.count[v] = g.record.count(v)
	}
	for _, t := range r.trackers {
		used, size, _ := t.use() // nothing for one that has just ended
		g.cpu += used
		g.resident += size
	}
	return g
}

// sample is what happened between two glances.
func (r *run) sample(from, to glance) Sample {
	seconds := to.at.Sub(from.at).Seconds()
	s := Sample{
		Part: r.part.get(), Cores: (to.cpu - from.cpu).Seconds() / seconds,
		Resident: float64(to.resident) / (1 << 20), PerSecond: map[string]float64{},
	}
	for _, v := range verbs {
		if n := to.count[v] - from.count[v]; n > 0 {
			s.PerSecond[v] = float64(n) / seconds
		}
	}
	for _, n := range r.fleet.nodes {
		if n.is() != alive {
			s.DownNodes++
		}
	}
	for _, n := range to.record.trouble() {
		s.ErrorCount += n
	}
	return s
}

// String is the progress line.
func (s Sample) String() string {
	line := fmt.Sprintf("%4.0fs  %s:", s.At, s.Part)
	for _, v := range verbs {
		if n := s.PerSecond[v]; n > 0 {
			line += fmt.Sprintf("  %s %.0f/s", v, n)
		}
	}
	return line + fmt.Sprintf("  tracker %.2f cores, %.0f MiB  down %d  errors %d", s.Cores, s.Resident, s.DownNodes, s.ErrorCount)
}
