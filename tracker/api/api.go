package api

import (
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/semaphore"

	"github.com/drayproject/dray/shared/httpserver"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/roster"
	"github.com/drayproject/dray/tracker/swarm"
)

// API answers nodes and operators.
type API struct {
	index    *index.Index
	roster   *roster.Roster
	swarm    *swarm.Swarm
	interval time.Duration // between heartbeats, as nodes are told
	metrics  *Metrics
	log      *slog.Logger

	room     *semaphore.Weighted // bytes for the bodies of announcements
	adapt    func(httpserver.Handler) http.HandlerFunc
	stopping atomic.Bool
	lines    lines
	memory   func() string // the state of the common memory; nil without one
}

// New makes an API on top of the domain.
func New(x *index.Index, r *roster.Roster, s *swarm.Swarm, interval time.Duration, m *Metrics, log *slog.Logger) *API {
	a := &API{index: x, roster: r, swarm: s, interval: interval, metrics: m, log: log}
	a.lines.open = map[net.Conn]*roster.Line{}
	a.room = semaphore.NewWeighted(bodyRoom)
	a.adapt = httpserver.Adapter(a.refuse)
	return a
}

// Nodes has the routes for seeders.
func (a *API) Nodes() http.Handler {
	r := chi.NewRouter()
	r.NotFound(a.noRoute)
	r.MethodNotAllowed(a.noRoute)
	r.Post("/v1/register", a.adapt(handle(a, "register", checkRegister, a.register)))
	r.Post("/v1/announce", a.adapt(handle(a, "announce", checkAnnounce, a.announce)))
	r.Post("/v1/heartbeat", a.adapt(handle(a, "heartbeat", checkHeartbeat, a.heartbeat)))
	r.Post("/v1/lookup", a.adapt(handle(a, "lookup", checkLookup, a.lookup)))
	r.Post("/v1/resolve", a.adapt(handle(a, "resolve", checkResolve, a.resolve)))
	r.Post("/v1/report", a.adapt(handle(a, "report", checkReport, a.report)))
	r.Post("/v1/leave", a.adapt(handle(a, "leave", checkLeave, a.leave)))
	return inTime(exchangeTime, r)
}

// Admin has the routes for operators.
func (a *API) Admin(metrics prometheus.Gatherer) http.Handler {
	r := chi.NewRouter()
	r.NotFound(a.noRoute)
	r.MethodNotAllowed(a.noRoute)
	r.Get("/livez", a.livez)
	r.Get("/readyz", a.readyz)
	r.Post("/admin/v1/nodes/{name}/drain", a.adapt(a.change("drain", a.roster.Drain)))
	r.Post("/admin/v1/nodes/{name}/undrain", a.adapt(a.change("undrain", a.roster.Undrain)))
	r.Method(http.MethodGet, "/metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}))
	return inTime(exchangeTime, r)
}

// Stop makes /readyz say that the tracker is going away.
func (a *API) Stop() { a.stopping.Store(true) }
