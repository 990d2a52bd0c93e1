package fetcher

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// How a fetch can end.
const (
	resultOK      = "ok"
	resultNone    = "no_source" // before the first byte
	resultBroken  = "broken"    // in the middle
	resultCorrupt = "corrupt"
	resultClosed  = "closed" // by the reader, before the end
)

type metrics struct {
	fetches   *prometheus.CounterVec
	joins     *prometheus.CounterVec
	failures  *prometheus.CounterVec
	bytes     prometheus.Counter
	hedges    prometheus.Counter
	denied    prometheus.Counter
	failovers prometheus.Counter
	corrupt   prometheus.Counter
	firstByte prometheus.Histogram
	ahead     prometheus.Counter
	helpers   *prometheus.CounterVec
	moves     prometheus.Counter
	large     *prometheus.CounterVec
	chains    *prometheus.CounterVec
	mends     prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return promauto.With(reg).NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	return &metrics{
		fetches: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_fetches_total", Help: "Fetches from peers, by how they ended.",
		}, []string{"result"}),
		joins: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_joins_total", Help: "Joins, by the answer: parents, lease, free (to the origin), busy (it is worth another wait), none (waited in vain), failed.",
		}, []string{"result"}),
		failures: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_peer_failures_total", Help: "What went wrong with peers, as reported to the trackers.",
		}, []string{"kind"}),
		bytes:     counter("dray_seeder_fetched_bytes_total", "Bytes that peers have sent to this node."),
		hedges:    counter("dray_seeder_fetch_hedges_total", "Times that a second peer was asked because the first was silent."),
		denied:    counter("dray_seeder_fetch_retries_denied_total", "Times that no other peer was asked because the budget for that was used up."),
		failovers: counter("dray_seeder_fetch_failovers_total", "Times that a parent was replaced in the middle of a body."),
		ahead:     counter("dray_seeder_fetch_ahead_bytes_total", "Bytes that other peers than the parent have sent ahead of it."),
		moves:     counter("dray_seeder_fetch_moves_total", "Times that a parent was left for a better one."),
		mends:     counter("dray_seeder_fetch_mends_total", "Pieces that did not fit the chain of their blob and were fetched anew."),
		large: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_fetch_checked_bytes_total", Help: "Bytes of whole large blobs: proved before they were passed on, or unproved, and only the digest of the whole told.",
		}, []string{"result"}),
		chains: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_fetch_chains_total", Help: "Chains that other holders were asked for: met (the digest), unmet, broken (off), none.",
		}, []string{"result"}),
		corrupt: counter("dray_seeder_fetch_corrupt_total", "Blobs and manifests that did not match their digest."),
		helpers: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_fetch_helpers_total", Help: "Peers that were asked to send a blob together with its parent: tried, or dropped since nothing came of it.",
		}, []string{"result"}),
		firstByte: promauto.With(reg).NewHistogram(prometheus.HistogramOpts{
			Name: "dray_seeder_fetch_first_byte_seconds", Help: "Time from the start of a fetch to its first bytes, with the lookup.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .025, .05, .1, .25, .5, 1},
		}),
	}
}

func newGauge(reg prometheus.Registerer, name, help string, value func() float64) {
	promauto.With(reg).NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
}

func (m *metrics) checked(result string, bytes int) {
	m.large.WithLabelValues(result).Add(float64(bytes))
}

func (m *metrics) fetched(result string) { m.fetches.WithLabelValues(result).Inc() }

// resultOf names a fetch that ended before its first byte.
func resultOf(ctx context.Context) string {
	if ctx.Err() != nil {
		return resultClosed
	}
	return resultNone
}
