package app

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/seeder/puller"
	"github.com/drayproject/dray/seeder/worker"
	"github.com/drayproject/dray/seeder/yield"
	"github.com/drayproject/dray/shared/trackerapi"
)

// roads are what this node's background work shares with others: what it takes
// in, and what it sends to neighbours.
type roads struct{ in, out *yield.Road }

func newRoads() roads {
	in := yield.New()
	return roads{in, in.Beside()}
}

// toPeer is what requests to a node go through.
func (a *App) toPeer(node string, base http.RoundTripper) http.RoundTripper {
	return yield.Via(a.spans.toPeer(node, base))
}

func (a *App) newWorker(cfg Config, p *puller.Puller, reg prometheus.Registerer) *worker.Worker {
	return worker.New(worker.Config{
		Node:     a.self,
		Parallel: cfg.WorkParallel,
		MinFree:  float64(cfg.MinFreeDisk) / 100,
		Room:     func() (trackerapi.Room, error) { return room(cfg.contentPath()) },
	}, p, a.store, a.roads.in, a.log, reg)
}
