package guard

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Why an ingest was aborted.
const (
	reasonAsked = "asked" // the relay saw that it was wrong
	reasonWrong = "wrong" // its bytes were hashed
	reasonStuck = "stuck" // full for long, and not to be read
)

type metrics struct {
	aborted *prometheus.CounterVec
	watched prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) *metrics {
	f := promauto.With(reg)
	return &metrics{
		aborted: f.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_guard_aborted_total",
			Help: "Ingests of containerd that were aborted.",
		}, []string{"reason"}),
		watched: f.NewGauge(prometheus.GaugeOpts{
			Name: "dray_seeder_guard_watched",
			Help: "Blobs whose ingests are being looked after.",
		}),
	}
}
