package api

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/tracker/swarm"
)

var (
	swarmsDesc   = prometheus.NewDesc("dray_tracker_swarms", "Digests that somebody is fetching.", nil, nil)
	partialsDesc = prometheus.NewDesc("dray_tracker_partial_holders", "Nodes that are on their way to a digest, summed over the digests.", nil, nil)
	waitingDesc  = prometheus.NewDesc("dray_tracker_joins_waiting", "Joins that wait for their answer.", nil, nil)
	leasesDesc   = prometheus.NewDesc("dray_tracker_origin_leases", "Origin leases of which nothing has come yet.", nil, nil)
	passedDesc   = prometheus.NewDesc("dray_tracker_origin_leases_lost_total", "Origin leases of which nothing came in time, or ever.", nil, nil)
)

// Swarms is a collector of what is in motion.
type Swarms struct{ Swarm *swarm.Swarm }

// Describe implements [prometheus.Collector].
func (Swarms) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{swarmsDesc, partialsDesc, waitingDesc, leasesDesc, passedDesc} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (s Swarms) Collect(out chan<- prometheus.Metric) {
	st := s.Swarm.Stats()
	for d, v := range map[*prometheus.Desc]int{swarmsDesc: st.Swarms, partialsDesc: st.Partials, waitingDesc: st.Waiting, leasesDesc: st.Leases} {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v))
	}
	out <- prometheus.MustNewConstMetric(passedDesc, prometheus.CounterValue, float64(st.Passed))
}
