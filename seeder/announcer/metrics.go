package announcer

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Results of calls to trackers.
const (
	resultOK        = "ok"
	resultPartial   = "partial"    // some trackers have answered
	resultFailed    = "failed"     // none has, of those that were asked
	resultNoTracker = "no_tracker" // there was none to ask
)

type metrics struct {
	sessions       prometheus.Gauge
	heartbeats     *prometheus.CounterVec
	lookups        *prometheus.CounterVec
	lookupSeconds  *prometheus.HistogramVec
	announces      *prometheus.CounterVec
	announceSize   *prometheus.HistogramVec
	progress       *prometheus.CounterVec
	reports        *prometheus.CounterVec
	reportsDropped prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return promauto.With(reg).NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return &metrics{
		sessions: promauto.With(reg).NewGauge(prometheus.GaugeOpts{
			Name: "dray_seeder_tracker_sessions", Help: "Trackers that answer heartbeats.",
		}),
		heartbeats: counters("dray_seeder_heartbeats_total", "Heartbeats sent to trackers.", "result"),
		lookups:    counters("dray_seeder_lookups_total", "Lookups, resolves and joins, by how they ended.", "verb", "result"),
		lookupSeconds: promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
			Name: "dray_seeder_lookup_seconds", Help: "Time until a lookup, a resolve or a join was answered, or given up, when a tracker was asked.",
			Buckets: []float64{.0002, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1},
		}, []string{"verb"}),
		announces: counters("dray_seeder_announces_total", "Messages that announce content.", "kind", "result"),
		announceSize: promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
			Name: "dray_seeder_announce_digests", Help: "Digests in one announcing message.",
			Buckets: prometheus.ExponentialBuckets(1, 10, 6),
		}, []string{"kind"}),
		progress: counters("dray_seeder_progress_total", "Messages about content on its way into this node.", "result"),
		reports:  counters("dray_seeder_reports_total", "Reports about peers.", "kind"),
		reportsDropped: promauto.With(reg).NewCounter(prometheus.CounterOpts{
			Name: "dray_seeder_reports_dropped_total", Help: "Reports that did not reach a tracker, counted per tracker.",
		}),
	}
}

func (m *metrics) asked(verb, result string) { m.lookups.WithLabelValues(verb, result).Inc() }

func (m *metrics) took(verb string, d time.Duration, errs []error) {
	m.lookupSeconds.WithLabelValues(verb).Observe(d.Seconds())
	failed := 0
	for _, err := range errs {
		if err != nil {
			failed++
		}
	}
	switch failed {
	case 0:
		m.asked(verb, resultOK)
	case len(errs):
		m.asked(verb, resultFailed)
	default:
		m.asked(verb, resultPartial)
	}
}

func result(err error) string {
	if err != nil {
		return resultFailed
	}
	return resultOK
}
