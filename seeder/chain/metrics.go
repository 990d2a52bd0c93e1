package chain

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	asked *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, memory func() float64) *metrics {
	f := promauto.With(reg)
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dray_seeder_chain_memory_bytes",
		Help: "Memory for chains of this node's content.",
	}, memory)
	return &metrics{asked: f.NewCounterVec(prometheus.CounterOpts{
		Name: "dray_seeder_chains_total",
		Help: "Chains of this node's content that neighbours have asked for: kept (there already), made, busy (too many are being made), left (nobody waited any more), wrong (the content does not have its digest), failed.",
	}, []string{"result"})}
}
