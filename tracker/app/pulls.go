package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/tracker/events"
)

var (
	pullsRunningDesc = prometheus.NewDesc("dray_tracker_pulls_running", "Blobs on their way into nodes, as the nodes say.", nil, nil)
	pullsDesc        = prometheus.NewDesc("dray_tracker_pulls_total", "Blobs that were on their way into nodes, by how that ended: complete, ended (short, as far as was heard) or lost (with the node). Every tracker hears of all.", []string{"result"}, nil)
	pulledBytesDesc  = prometheus.NewDesc("dray_tracker_pulled_bytes_total", "Bytes that nodes have taken in, by source: peer or origin. Every tracker hears of all.", []string{"source"}, nil)
)

// pullStats is a collector of what nodes tell of their pulls.
type pullStats struct{ pulls *events.Pulls }

// Describe implements [prometheus.Collector].
func (pullStats) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{pullsRunningDesc, pullsDesc, pulledBytesDesc} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (p pullStats) Collect(out chan<- prometheus.Metric) {
	t := p.pulls.Totals()
	out <- prometheus.MustNewConstMetric(pullsRunningDesc, prometheus.GaugeValue, float64(t.Running))
	for state, n := range map[events.PullState]int64{events.Complete: t.Complete, events.Ended: t.Ended, events.Lost: t.Lost} {
		out <- prometheus.MustNewConstMetric(pullsDesc, prometheus.CounterValue, float64(n), string(state))
	}
	for source, n := range map[string]int64{"peer": t.PeerBytes, "origin": t.OriginBytes} {
		out <- prometheus.MustNewConstMetric(pulledBytesDesc, prometheus.CounterValue, float64(n), source)
	}
}
