package api

import (
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/drayproject/dray/shared/httpserver"
	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/roster"
	"github.com/drayproject/dray/tracker/swarm"
)

// API answers nodes.
type API struct {
	index   *index.Index
	roster  *roster.Roster
	swarm   *swarm.Swarm
	metrics *Metrics
	log     *slog.Logger

	limits   limits // of announcements and work messages
	turns    turns  // to announce everything
	adapt    func(httpserver.Handler) http.HandlerFunc
	stopping atomic.Bool
	lines    lines

	// hear is told of the nodes' ingests; see [API.Watch].
	hear func(node string, ingests []trackerapi.Ingest, all bool)
	// placer places content; see [API.Place].
	placer Placer
}

// Placer gives nodes work.
type Placer interface {
	// Wants says whether the node should send a work message now. Every
	// heartbeat asks.
	Wants(ordinal uint32) bool
	// Work takes in what a node does, and says what it is to do.
	Work(n *roster.Node, m *trackerapi.WorkRequest) (trackerapi.WorkResponse, error)
}

// idle is a Placer that wants nothing.
type idle struct{}

func (idle) Wants(uint32) bool { return false }

func (idle) Work(*roster.Node, *trackerapi.WorkRequest) (resp trackerapi.WorkResponse, err error) {
	return resp, trackerapi.Errorf(trackerapi.CodeUnavailable, "this tracker places nothing")
}

// New makes an API on top of the domain.
func New(x *index.Index, r *roster.Roster, s *swarm.Swarm, m *Metrics, log *slog.Logger) *API {
	a := &API{index: x, roster: r, swarm: s, metrics: m, log: log}
	a.hear = func(string, []trackerapi.Ingest, bool) {}
	a.placer = idle{}
	a.lines.open = map[net.Conn]*roster.Line{}
	a.limits = newLimits()
	a.turns.since = map[uint32]time.Time{}
	a.adapt = httpserver.Adapter(a.refuse)
	return a
}

// Nodes has the routes for seeders. The server has to bound exchanges by
// [ExchangeTime].
func (a *API) Nodes() http.Handler {
	r := chi.NewRouter()
	r.NotFound(a.noRoute)
	r.MethodNotAllowed(a.noRoute)
	r.Post("/v1/register", a.adapt(handle(a, "register", checkRegister, a.register)))
	r.Post("/v1/announce", a.adapt(handle(a, "announce", checkAnnounce, a.announce)))
	r.Post("/v1/heartbeat", a.adapt(handle(a, "heartbeat", checkHeartbeat, a.heartbeat)))
	r.Post("/v1/lookup", a.adapt(handle(a, "lookup", checkLookup, a.lookup)))
	r.Post("/v1/join", a.adapt(handle(a, "join", checkJoin, a.join)))
	r.Post("/v1/progress", a.adapt(handle(a, "progress", checkProgress, a.progress)))
	r.Post("/v1/resolve", a.adapt(handle(a, "resolve", checkResolve, a.resolve)))
	r.Post("/v1/report", a.adapt(handle(a, "report", checkReport, a.report)))
	r.Post("/v1/work", a.adapt(handle(a, "work", checkWork, a.work)))
	r.Post("/v1/leave", a.adapt(handle(a, "leave", checkLeave, a.leave)))
	return r
}

// Watch has a function told whatever nodes say of their ingests; all says that
// the node has no others. It is for before the first request.
func (a *API) Watch(hear func(node string, ingests []trackerapi.Ingest, all bool)) { a.hear = hear }

// Place has a Placer give the nodes work. It is for before the first request.
func (a *API) Place(p Placer) { a.placer = p }

// Stop is for a tracker that is going away: the ends of nodes' connections say
// nothing from now on.
func (a *API) Stop() { a.stopping.Store(true) }
