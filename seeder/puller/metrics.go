package puller

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	pulls   *prometheus.CounterVec
	bytes   *prometheus.CounterVec
	seconds prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		pulls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_pulls_total", Help: "Pulls made by this seeder itself, by result (done, failed, cancelled).",
		}, []string{"result"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_pulled_bytes_total", Help: "Bytes of the blobs that this seeder's own pulls completed, by source.",
		}, []string{"source"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "dray_seeder_pull_seconds", Help: "Duration of pulls made by this seeder itself.",
			Buckets: prometheus.ExponentialBuckets(0.1, 2, 12),
		}),
	}
	reg.MustRegister(m.pulls, m.bytes, m.seconds)
	return m
}

func (m *metrics) pulled(result string, t *Totals) {
	m.pulls.WithLabelValues(result).Inc()
	m.seconds.Observe(t.Seconds)
	for _, s := range t.Sources {
		m.bytes.WithLabelValues(string(s.From)).Add(float64(s.Bytes))
	}
}
