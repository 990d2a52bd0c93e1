package doctor

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The wait before a node with faults is looked at again, and then twice as long
// up to the second. Each look costs containerd a pull.
const (
	firstWait   = 30 * time.Second
	longestWait = time.Hour
)

// Doctor looks after the node of a running seeder.
type Doctor struct {
	examine func(context.Context, Node) []Result
	faults  *prometheus.GaugeVec
	log     *slog.Logger
	known   []Result // the faults of the last look
}

// New makes one.
func New(log *slog.Logger, reg prometheus.Registerer) *Doctor {
	d := &Doctor{
		examine: Examine,
		faults: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dray_seeder_doctor_faults",
			Help: "Faults that the doctor has found when it looked last, by check. It is absent until it has looked.",
		}, []string{"check"}),
		log: log,
	}
	reg.MustRegister(d.faults)
	return d
}

// Watch examines the node, and again as long as there are faults: some go away
// by themselves, as when the trackers start at the same time, and others are
// mended. It returns when the node is well or ctx ends.
func (d *Doctor) Watch(ctx context.Context, n Node) {
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		if d.Check(ctx, n); len(d.known) == 0 {
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// Check examines the node once, warns of each fault that it has not warned of
// before, and counts all. It returns early when ctx ends, and reports nothing
// then: what was cut off looks like a fault.
func (d *Doctor) Check(ctx context.Context, n Node) {
	all := d.examine(ctx, n)
	if ctx.Err() != nil {
		return
	}
	for _, check := range allChecks {
		d.faults.WithLabelValues(check).Set(0)
	}
	for _, r := range all {
		d.tell(r)
	}
	d.known = slices.DeleteFunc(all, func(r Result) bool { return r.Status != Fault })
}

func (d *Doctor) tell(r Result) {
	switch r.Status {
	case Fault:
		d.faults.WithLabelValues(r.Check).Inc()
		if !slices.Contains(d.known, r) {
			d.log.Warn("doctor found a fault", "check", r.Check, "what", r.What, "why", r.Why, "fix", r.Fix)
		}
	case Unknown:
		d.log.Info("doctor could not check", "check", r.Check, "what", r.What, "fix", r.Fix)
	case OK:
		d.log.Debug("doctor is content", "check", r.Check, "what", r.What)
	}
}
