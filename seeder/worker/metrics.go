package worker

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/shared/trackerapi"
)

type metrics struct {
	tasks *prometheus.CounterVec
	pins  prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer, count func(trackerapi.Phase) int) *metrics {
	m := &metrics{
		tasks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_work_tasks_total", Help: "Tasks of the trackers that are over, by result (done, failed, cancelled).",
		}, []string{"result"}),
		pins: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "dray_seeder_work_pins", Help: "Images that are pinned for the trackers.",
		}),
	}
	reg.MustRegister(m.tasks, m.pins)
	for _, p := range []trackerapi.Phase{trackerapi.TaskWaiting, trackerapi.TaskPulling} {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "dray_seeder_work_tasks", Help: "Tasks of the trackers that are not over, by phase (waiting, pulling).",
			ConstLabels: prometheus.Labels{"phase": string(p)},
		}, func() float64 { return float64(count(p)) }))
	}
	return m
}
