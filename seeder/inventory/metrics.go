package inventory

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

type metrics struct {
	walks     *prometheus.CounterVec
	walkTime  prometheus.Counter
	withdrawn prometheus.Counter
	verified  *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, inv *Inventory) *metrics {
	f := promauto.With(reg)
	gauge := func(name, help string, value func() int) {
		f.NewGaugeFunc(prometheus.GaugeOpts{Name: "dray_seeder_inventory_" + name, Help: help},
			func() float64 { return float64(value()) })
	}
	gauge("digests", "Blobs that the node announces.", inv.locked(func() int { return len(inv.state.digests) }))
	gauge("images", "Image names that the node announces.", inv.locked(func() int { return len(inv.state.images) }))
	gauge("held", "Blobs in the store that are not announced: not openable, or wrong.", inv.locked(func() int { return len(inv.held) }))
	gauge("healthy", "1 while the inventory follows the store.", func() int {
		if inv.Healthy() {
			return 1
		}
		return 0
	})
	return &metrics{
		walks: f.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_inventory_walks_total", Help: "Walks through the whole store.",
		}, []string{"result"}),
		walkTime: f.NewCounter(prometheus.CounterOpts{
			Name: "dray_seeder_inventory_walk_seconds_total", Help: "Time spent walking.",
		}),
		withdrawn: f.NewCounter(prometheus.CounterOpts{
			Name: "dray_seeder_inventory_withdrawn_total", Help: "Announced blobs that could not be opened.",
		}),
		verified: f.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_inventory_verified_total", Help: "Blobs hashed because someone doubted them.",
		}, []string{"result"}),
	}
}

func (inv *Inventory) locked(value func() int) func() int {
	return func() int {
		inv.mu.Lock()
		defer inv.mu.Unlock()
		return value()
	}
}

func (m *metrics) walked(took time.Duration, err error) {
	result := "done"
	if err != nil {
		result = "failed"
	}
	m.walks.WithLabelValues(result).Inc()
	m.walkTime.Add(took.Seconds())
}
