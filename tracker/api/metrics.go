package api

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/roster"
)

// Metrics counts what the tracker does.
type Metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	verdicts *prometheus.CounterVec
	joins    *prometheus.CounterVec
	waits    prometheus.Histogram
}

// NewMetrics registers the tracker's metrics.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_tracker_requests_total",
			Help: "Requests of nodes, by verb and by outcome: ok or an error code.",
		}, []string{"verb", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "dray_tracker_request_duration_seconds",
			Help:    "Time from a request's headers to its answer, by verb.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"verb"}),
		verdicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_tracker_verdicts_total",
			Help: "Changes of nodes' states, by the new state and the reason.",
		}, []string{"state", "reason"}),
		joins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_tracker_joins_total",
			Help: "Joins, by result: parent, lease, free (to go to the origin), busy (worth another wait), or none (worth a wait).",
		}, []string{"result"}),
		waits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "dray_tracker_join_wait_seconds",
			Help:    "Time that joins have waited for their answer.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5},
		}),
	}
	reg.MustRegister(m.requests, m.seconds, m.verdicts, m.joins, m.waits)
	return m
}

// Verdict counts a change of a node's state.
func (m *Metrics) Verdict(v roster.Verdict) {
	m.verdicts.WithLabelValues(v.To.String(), string(v.Reason)).Inc()
}

// join counts a join and its wait.
func (m *Metrics) join(result string, wait time.Duration) {
	m.joins.WithLabelValues(result).Inc()
	m.waits.Observe(wait.Seconds())
}

// verb gives what counts the requests of one verb.
func (m *Metrics) verb(verb string) func(begin time.Time, err error) {
	ok, seconds := m.requests.WithLabelValues(verb, "ok"), m.seconds.WithLabelValues(verb)
	return func(begin time.Time, err error) {
		seconds.Observe(time.Since(begin).Seconds())
		if err == nil {
			ok.Inc()
			return
		}
		m.requests.WithLabelValues(verb, string(trackerapi.AsError(err).Code)).Inc()
	}
}

var (
	nodesDesc    = prometheus.NewDesc("dray_tracker_nodes", "Nodes, by state.", []string{"state"}, nil)
	digestsDesc  = prometheus.NewDesc("dray_tracker_digests", "Digests that some node holds.", nil, nil)
	pairsDesc    = prometheus.NewDesc("dray_tracker_pairs", "Pairs of a digest and a node that holds it.", nil, nil)
	imagesDesc   = prometheus.NewDesc("dray_tracker_images", "Image names that some node has.", nil, nil)
	gatesDesc    = prometheus.NewDesc("dray_tracker_gate_closed", "1 for gates that hold verdicts back.", []string{"gate"}, nil)
	intervalDesc = prometheus.NewDesc("dray_tracker_heartbeat_interval_seconds", "Time between heartbeats that nodes are told; it grows with the fleet.", nil, nil)
	withheldDesc = prometheus.NewDesc("dray_tracker_accusations", "Pairs that are out of the answers because a peer has spoken against them.", nil, nil)
)

var listedStates = []roster.State{roster.Joining, roster.Ready, roster.Suspect, roster.Dead, roster.Draining, roster.Gone}

// Sizes is a collector of how much the index and the roster hold.
type Sizes struct {
	Index  *index.Index
	Roster *roster.Roster
}

// Describe implements [prometheus.Collector].
func (Sizes) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{nodesDesc, digestsDesc, pairsDesc, imagesDesc, intervalDesc, withheldDesc, gatesDesc} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (s Sizes) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, state := range listedStates {
		gauge(nodesDesc, float64(s.Roster.Count(state)), state.String())
	}
	for g := range roster.NumGates {
		closed := 0.0
		if s.Roster.Closed(g) {
			closed = 1
		}
		gauge(gatesDesc, closed, g.String())
	}
	gauge(intervalDesc, s.Roster.Interval().Seconds())
	st := s.Index.Stats()
	gauge(digestsDesc, float64(st.Digests))
	gauge(pairsDesc, float64(st.Pairs))
	gauge(imagesDesc, float64(st.Images))
	gauge(withheldDesc, float64(st.Accused))
}
