package adminapi

import (
	"context"
	"net/http"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/embedded"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	seeder "github.com/drayproject/dray/seeder/app"
	"github.com/drayproject/dray/shared/trackerapi"
	tracker "github.com/drayproject/dray/tracker/app"
)

const (
	patience = embedded.Patience
	token    = "a token for this test"
)

// cluster is a tracker and three seeders, n0 in zone a and n1 and n2 in zone b;
// n0 and n1 have pulled an image, n0 from a registry.
type cluster struct {
	tracker *tracker.Tracker
	image   string
	parts   []imagekit.Part
}

func newCluster(t *testing.T) *cluster {
	c := embedded.New(t, func(cfg *tracker.Config) { cfg.AdminToken, cfg.PlacementReserve = token, 1 })
	image := embedded.Image(t, 1, 64<<10, 32<<10)
	name := embedded.Registry(t, image, embedded.Plainly)
	for node, zone := range map[string]string{"n0": "a", "n1": "b", "n2": "b"} {
		s := c.Seeder(node, func(cfg *seeder.Config) {
			embedded.Rack(node, zone)(cfg)
			cfg.MinFreeDisk = 0 // the disk of this machine is not what is tested
		})
		if node != "n2" {
			c.Pull(s, name)
		}
	}
	return &cluster{c.Tracker, name, image.Parts}
}

// tell registers n3, which is no seeder, and speaks of its pulls: one that is
// over and one that goes on. Its data port is another's, so that it is found
// alive.
func (c *cluster) tell(t *testing.T, addr string, over, running digest.Digest) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client := trackerapi.NewClient(c.tracker.NodeAddr(), &http.Client{Transport: &http.Transport{}})
	n3 := trackerapi.Sender{Node: "n3", Epoch: 1}
	if _, err := client.Register(ctx, trackerapi.RegisterRequest{Node: trackerapi.Node{Name: n3.Node, Epoch: n3.Epoch, Addr: addr, Zone: "a"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Progress(ctx, trackerapi.ProgressRequest{Sender: n3, Ingests: []trackerapi.Ingest{
		{Digest: over, Offset: 10, Size: 20, Parent: "n1", Ended: true},
		{Digest: running, Offset: 5, Size: 20, Parent: "n0", Rate: 3},
	}}); err != nil {
		t.Fatal(err)
	}
}
