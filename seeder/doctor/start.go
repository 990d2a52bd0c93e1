package doctor

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
)

// Doctor examines the node of a seeder that starts.
type Doctor struct {
	faults *prometheus.GaugeVec
	log    *slog.Logger
}

// New makes one.
func New(log *slog.Logger, reg prometheus.Registerer) *Doctor {
	d := &Doctor{
		faults: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dray_seeder_doctor_faults",
			Help: "Faults that the examination at the start has found, by check. It is absent until that is done.",
		}, []string{"check"}),
		log: log,
	}
	reg.MustRegister(d.faults)
	return d
}

// Check examines the node once, warns of each fault and counts it. It returns
// early when ctx ends, and reports nothing then: what was cut off looks like a
// fault.
func (d *Doctor) Check(ctx context.Context, n Node) {
	all := Examine(ctx, n)
	if ctx.Err() != nil {
		return
	}
	for _, check := range allChecks {
		d.faults.WithLabelValues(check).Set(0)
	}
	for _, r := range all {
		switch r.Status {
		case Fault:
			d.faults.WithLabelValues(r.Check).Inc()
			d.log.Warn("doctor found a fault", "check", r.Check, "what", r.What, "why", r.Why, "fix", r.Fix)
		case Unknown:
			d.log.Info("doctor could not check", "check", r.Check, "what", r.What, "fix", r.Fix)
		case OK:
			d.log.Debug("doctor is content", "check", r.Check, "what", r.What)
		}
	}
}
