package ingests

import (
	"errors"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	ended *prometheus.CounterVec
	bytes *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, followed func() float64) *metrics {
	f := promauto.With(reg)
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dray_seeder_ingests",
		Help: "Blobs on their way into the store that are being followed.",
	}, followed)
	return &metrics{
		ended: f.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_ingests_ended_total",
			Help: "Blobs on their way into the store that came to an end, by result (committed, failed, standstill).",
		}, []string{"result"}),
		bytes: f.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_ingested_bytes_total",
			Help: "Bytes of blobs that were seen to arrive in the store, by source (peer, origin). A blob too small to be seen arriving is counted when it is committed.",
		}, []string{"source"}),
	}
}

// arrived counts bytes from a node; the empty name is the origin.
func (m *metrics) arrived(parent string, bytes int64) {
	source := "peer"
	if parent == "" {
		source = "origin"
	}
	m.bytes.WithLabelValues(source).Add(float64(max(bytes, 0)))
}

func outcome(err error) string {
	switch {
	case errors.Is(err, io.EOF):
		return "committed"
	case errors.Is(err, errStandstill):
		return "standstill"
	}
	return "failed"
}
