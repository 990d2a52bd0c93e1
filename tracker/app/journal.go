package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/tracker/scribe"
)

var (
	journalStateDesc = prometheus.NewDesc("dray_tracker_journal_state", "1 for the state that the common memory is in: loading, warm, filling or no redis.", []string{"state"}, nil)
	journalPagesDesc = prometheus.NewDesc("dray_tracker_journal_pages_written_total", "Nodes that were written to the common memory.", nil, nil)
	journalKeptDesc  = prometheus.NewDesc("dray_tracker_journal_kept_timestamp_seconds", "When the common memory last had all that this tracker had to write; 0 before the first time.", nil, nil)
	journalFailsDesc = prometheus.NewDesc("dray_tracker_journal_failures_total", "Attempts to keep the common memory that failed.", nil, nil)
)

// journalStats is a collector of how the common memory is kept.
type journalStats struct{ scribe *scribe.Scribe }

// Describe implements [prometheus.Collector].
func (journalStats) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{journalStateDesc, journalPagesDesc, journalKeptDesc, journalFailsDesc} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (j journalStats) Collect(out chan<- prometheus.Metric) {
	st := j.scribe.Stats()
	for _, s := range []scribe.State{scribe.Loading, scribe.Warm, scribe.Filling, scribe.NoRedis} {
		value := 0.0
		if s == st.State {
			value = 1
		}
		out <- prometheus.MustNewConstMetric(journalStateDesc, prometheus.GaugeValue, value, string(s))
	}
	out <- prometheus.MustNewConstMetric(journalPagesDesc, prometheus.CounterValue, float64(st.Written))
	out <- prometheus.MustNewConstMetric(journalKeptDesc, prometheus.GaugeValue, float64(st.KeptAt)/float64(time.Second))
	out <- prometheus.MustNewConstMetric(journalFailsDesc, prometheus.CounterValue, float64(st.Failures))
}
