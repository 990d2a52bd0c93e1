package metrics

import (
	"testing"

	"github.com/drayproject/dray/seeder/status"
	"github.com/drayproject/dray/seeder/transfers"
)

func TestTheStatusSaysWhichNeighbourSentWhat(t *testing.T) {
	_, seeders := cluster(t)
	s, err := status.Ask(t.Context(), seeders[1].MirrorAddr(), 100)
	if err != nil {
		t.Fatal(err)
	}
	var blobs int
	for _, tr := range s.Recent {
		if tr.Kind != transfers.Blob || tr.Result != transfers.Peer {
			continue
		}
		blobs++
		if len(tr.Sources) != 1 || tr.Sources[0].Node != "n0" || tr.Sources[0].Bytes < tr.Bytes || tr.Repository != "library/app" {
			t.Errorf("a transfer is told as %+v", tr)
		}
	}
	const parts = 3 // a configuration and two layers
	if s.Node != "n1" || s.Trackers != 1 || blobs != parts {
		t.Errorf("%d blobs from neighbours in %+v", blobs, s)
	}
}
