package transfers

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	requests  *prometheus.CounterVec
	bytes     *prometheus.CounterVec
	firstByte *prometheus.HistogramVec
	duration  *prometheus.HistogramVec
}

// newMetrics registers the metrics. The label source is the transfer's
// [Result].
func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_requests_total",
			Help: "Requests that the mirror has answered, by who had the content (local, peer, miss, failed).",
		}, []string{"source", "kind"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_transfer_bytes_total",
			Help: "Bytes that the mirror has sent to its containerd, by where they came from.",
		}, []string{"source"}),
		firstByte: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "dray_seeder_first_byte_seconds",
			Help:    "Time from a request to the headers of its answer.",
			Buckets: prometheus.ExponentialBucketsRange(0.0005, 2, 13),
		}, []string{"source"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "dray_seeder_transfer_seconds",
			Help:    "Time from a request to the last byte of its answer.",
			Buckets: prometheus.ExponentialBucketsRange(0.001, 300, 12),
		}, []string{"source"}),
	}
	reg.MustRegister(m.requests, m.bytes, m.firstByte, m.duration)
	return m
}

func (m *metrics) record(t Transfer) {
	source := string(t.Result)
	m.requests.WithLabelValues(source, string(t.Kind)).Inc()
	m.bytes.WithLabelValues(source).Add(float64(max(t.Bytes, 0)))
	m.firstByte.WithLabelValues(source).Observe(t.FirstByte.Seconds())
	m.duration.WithLabelValues(source).Observe(t.Duration.Seconds())
}
