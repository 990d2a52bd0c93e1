package app

import (
	"encoding/json"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/drayproject/dray/seeder/registry"
	"github.com/drayproject/dray/shared/trackerapi"
)

func newMetrics() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return reg
}

// health is the body of /readyz.
type health struct {
	// Ready: the mirror answers, and the first walk of the store is done.
	Ready bool `json:"ready"`
	// Store says whether the store answered last time.
	Store    bool `json:"store"`
	Digests  int  `json:"digests"`
	Trackers int  `json:"trackers"` // that answer
	// Degraded is why neighbours are told to ask others first.
	Degraded string `json:"degraded,omitempty"`
}

func (a *App) healthRoutes(reg *prometheus.Registry) http.Handler {
	routes := http.NewServeMux()
	routes.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	routes.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	routes.HandleFunc("GET /readyz", a.readyz)
	return routes
}

// readyz is about this node alone: without trackers and without containerd
// the mirror still does what can be done.
func (a *App) readyz(w http.ResponseWriter, _ *http.Request) {
	h := health{
		Ready:    a.walked(),
		Store:    a.inventory.Healthy(),
		Digests:  len(a.inventory.Snapshot().Digests),
		Trackers: a.announcer.Sessions(),
		Degraded: a.degraded(),
	}
	w.Header().Set("Content-Type", "application/json")
	if !h.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(h)
}

// load is what the trackers are told of this node's business.
func (a *App) load(peer *registry.Peer, slots int) trackerapi.Load {
	return trackerapi.Load{
		Uploads:    peer.Uploads(),
		Slots:      slots,
		UploadRate: peer.UploadRate(),
		LatencyMS:  peer.Latency().Milliseconds(),
		Degraded:   a.degraded(),
	}
}

// degraded is why this node should come last as a parent; empty when it is
// well. Before the first walk nothing is announced, and there is nothing to say
// of the store.
func (a *App) degraded() string {
	switch {
	case a.walked() && !a.inventory.Healthy():
		return "store"
	case a.disk.pressed.Load():
		return "disk"
	}
	return ""
}

func (a *App) walked() bool {
	select {
	case <-a.inventory.Ready():
		return true
	default:
		return false
	}
}
