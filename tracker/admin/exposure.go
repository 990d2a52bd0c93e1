package admin

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// exposurePeriod lies between two counts of what few nodes hold: a count looks
// at every digest, in the pace of a scan.
const exposurePeriod = time.Minute

var fewHoldersDesc = prometheus.NewDesc("dray_tracker_digests_at_risk",
	"Digests by how many live nodes hold them, where that is none (the holders are dead, but not forgotten) or one. Counted once a minute.",
	[]string{"holders"}, nil)

// Exposure is how much the cluster would lose. It is a [prometheus.Collector]
// that tells the latest count, and nothing before the first.
type Exposure struct {
	admin        *Admin
	counted      atomic.Bool
	none, single atomic.Int64
}

// NewExposure makes an Exposure, which does nothing before Run.
func NewExposure(a *Admin) *Exposure { return &Exposure{admin: a} }

// Run counts until ctx ends.
func (e *Exposure) Run(ctx context.Context) {
	tick := time.NewTicker(exposurePeriod)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := e.count(ctx); err != nil {
				e.admin.log.Debug("digests at risk were not counted", "error", err)
			}
		case <-ctx.Done():
			return
		}
	}
}

// count looks at every digest, and steps aside for lookups as questions of
// people do. It shows nothing of a count that has not come to its end.
func (e *Exposure) count(ctx context.Context) error {
	s, err := e.admin.scan(ctx)
	if err != nil {
		return err
	}
	defer s.end()
	const enough = 2
	alive := e.admin.nodesThat(live)
	var byHolders [enough + 1]int64
	for c := range e.admin.Index.Census(enough, alive, alive) {
		if err := s.step(ctx); err != nil {
			return err
		}
		byHolders[c.Now]++
	}
	e.none.Store(byHolders[0])
	e.single.Store(byHolders[1])
	e.counted.Store(true)
	return nil
}

// Describe implements [prometheus.Collector].
func (e *Exposure) Describe(out chan<- *prometheus.Desc) { out <- fewHoldersDesc }

// Collect implements [prometheus.Collector].
func (e *Exposure) Collect(out chan<- prometheus.Metric) {
	if !e.counted.Load() {
		return
	}
	out <- prometheus.MustNewConstMetric(fewHoldersDesc, prometheus.GaugeValue, float64(e.none.Load()), "0")
	out <- prometheus.MustNewConstMetric(fewHoldersDesc, prometheus.GaugeValue, float64(e.single.Load()), "1")
}
