package probe

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/tracker/roster"
)

type metrics struct {
	probes  *prometheus.CounterVec
	seconds prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		probes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_tracker_probes_total",
			Help: "Looks at the data ports of nodes, by outcome: alive, refused, mute, or unsure where this tracker was to blame.",
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "dray_tracker_probe_duration_seconds",
			Help:    "Time that a look at a data port took.",
			Buckets: []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1},
		}),
	}
	reg.MustRegister(m.probes, m.seconds)
	return m
}

func (m *metrics) probed(o roster.Outcome, took time.Duration) {
	m.probes.WithLabelValues(o.String()).Inc()
	m.seconds.Observe(took.Seconds())
}
