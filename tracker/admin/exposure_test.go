package admin

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestWhatFewNodesHoldIsCounted(t *testing.T) {
	b := newBed(t, nil)
	b.add("n1", "a", dgs(1, 2, 3))
	b.add("n2", "a", dgs(2, 3, 4))
	b.add("n3", "b", dgs(3, 5, 6))
	b.leave("n3")
	e := NewExposure(b.Admin)
	if n := testutil.CollectAndCount(e); n != 0 {
		t.Fatalf("%d values before the first count", n)
	}
	if err := e.count(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := `
# HELP dray_tracker_digests_at_risk Digests by how many live nodes hold them, where that is none (the holders are dead, but not forgotten) or one. Counted once a minute.
# TYPE dray_tracker_digests_at_risk gauge
dray_tracker_digests_at_risk{holders="0"} 2
dray_tracker_digests_at_risk{holders="1"} 2
`
	if err := testutil.CollectAndCompare(e, strings.NewReader(want)); err != nil {
		t.Fatal(err)
	}
}

func TestExposureIsCountedAgainAndAgainUntilItIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBed(t, nil)
		e := NewExposure(b.Admin)
		go e.Run(t.Context())
		reg := prometheus.NewPedanticRegistry()
		reg.MustRegister(e)
		time.Sleep(exposurePeriod + time.Second) //nolint:forbidigo // the bubble's clock
		b.add("n1", "a", dgs(1))
		if got := testutil.ToFloat64(single{e}); got != 0 {
			t.Fatalf("%v with one holder before there was any", got)
		}
		time.Sleep(exposurePeriod) //nolint:forbidigo // the bubble's clock
		if got := testutil.ToFloat64(single{e}); got != 1 {
			t.Fatalf("%v with one holder", got)
		}
	})
}

// single is what one node holds, alone.
type single struct{ *Exposure }

func (s single) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.MustNewConstMetric(fewHoldersDesc, prometheus.GaugeValue, float64(s.single.Load()), "1")
}
