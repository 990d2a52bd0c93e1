package admin

import (
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestTheHourShowsWherePulledBytesCameFrom(t *testing.T) {
	b := cluster(t)
	b.Pulls.Hear("b1", []trackerapi.Ingest{{Digest: dg(2), Offset: 3, Size: 4, Parent: "a1"}}, false)
	b.Pulls.Hear("b1", []trackerapi.Ingest{{Digest: dg(2), Offset: 4, Size: 4, Ended: true}}, false)
	got := ask[Hour](b, "/pulls/hour").Items
	if len(got) != 60 {
		t.Fatalf("%d minutes", len(got))
	}
	var sum Minute // the pull may have met the end of a minute
	for _, m := range got {
		sum.PeerBytes += m.PeerBytes
		sum.OriginBytes += m.OriginBytes
		sum.Complete += m.Complete
		sum.Timed += m.Timed
	}
	want(t, "the hour", sum, Minute{PeerBytes: 3, OriginBytes: 1, Complete: 1, Timed: 1})
}

func TestQuantiles(t *testing.T) {
	var took []time.Duration
	for i := range 20 {
		took = append(took, time.Duration(i+1)*time.Second)
	}
	for _, c := range []struct {
		of      []time.Duration
		percent int
		want    int64
	}{
		{nil, 50, 0}, {took[:1], 50, 1000}, {took[:1], 95, 1000}, {took[:2], 50, 1000}, {took, 50, 10_000}, {took, 95, 19_000}, {took[:19], 95, 19_000},
	} {
		if got := quantile(c.of, c.percent); got != c.want {
			t.Errorf("%d%% of %d: %d; want %d", c.percent, len(c.of), got, c.want)
		}
	}
}
