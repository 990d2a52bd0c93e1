package app

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestWhatNodesTakeInIsCountedBySource(t *testing.T) {
	latest := newHappenings()
	latest.pulls.Hear("n1", []trackerapi.Ingest{
		{Digest: "sha256:a", Offset: 30, Size: 30, Parent: "n2", Ended: true},
		{Digest: "sha256:b", Offset: 12, Size: 30},
	}, false)
	want := `
# HELP dray_tracker_pulled_bytes_total Bytes that nodes have taken in, by source: peer or origin. Every tracker hears of all.
# TYPE dray_tracker_pulled_bytes_total counter
dray_tracker_pulled_bytes_total{source="origin"} 12
dray_tracker_pulled_bytes_total{source="peer"} 30
# HELP dray_tracker_pulls_running Blobs on their way into nodes, as the nodes say.
# TYPE dray_tracker_pulls_running gauge
dray_tracker_pulls_running 1
# HELP dray_tracker_pulls_total Blobs that were on their way into nodes, by how that ended: complete, ended (short, as far as was heard) or lost (with the node). Every tracker hears of all.
# TYPE dray_tracker_pulls_total counter
dray_tracker_pulls_total{result="complete"} 1
dray_tracker_pulls_total{result="ended"} 0
dray_tracker_pulls_total{result="lost"} 0
`
	if err := testutil.CollectAndCompare(pullStats{latest.pulls}, strings.NewReader(want)); err != nil {
		t.Fatal(err)
	}
}
