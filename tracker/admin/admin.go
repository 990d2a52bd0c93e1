package admin

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/placer"
	"github.com/drayproject/dray/tracker/roster"
	"github.com/drayproject/dray/tracker/swarm"
)

const (
	maxScans   = 1  // questions about everything that are answered at a time
	maxStreams = 64 // that are followed at a time
)

// Flows knows what is on its way between nodes. What it returns is the
// caller's own.
type Flows interface {
	// Flow is what is on its way of one digest.
	Flow(digest.Digest) Flow
	// Flowing are the digests that have any, in figures and in no order.
	Flowing() []SwarmItem
}

// Flow is what is on its way of one digest.
type Flow struct {
	Size    int64     // of the whole, in bytes; 0 while unknown
	Nodes   []Partial // their zones are filled in here
	Leases  []Lease
	Waiting int
}

// Explainer makes a handout and tells why.
type Explainer interface {
	Explain(asker string, d digest.Digest, limit int) swarm.Explanation
}

// Parts is what the answers are made of.
type Parts struct {
	Index   *index.Index
	Roster  *roster.Roster
	Swarm   Explainer
	Flows   Flows
	Log     *events.Log
	Pulls   *events.Pulls
	Placer  *placer.Placer
	Memory  func() Memory // the state of the common memory; nil without one
	Metrics prometheus.Gatherer
	// Token, when set, is needed for everything but /livez, the status of
	// /readyz, and what is shown with [Admin.Show].
	Token   string
	Version string
}

// Admin answers people.
type Admin struct {
	Parts
	log     *slog.Logger
	started time.Time
	open    *http.ServeMux // for everybody
	closed  *http.ServeMux // for those who have the token
	scans   *semaphore.Weighted
	names   *directory // belongs to whose turn it is to scan
	streams *semaphore.Weighted

	stopping atomic.Bool
	stopped  chan struct{}
}

// New makes an Admin.
func New(p Parts, log *slog.Logger) *Admin {
	a := &Admin{
		Parts: p, log: log, started: time.Now(),
		open: http.NewServeMux(), closed: http.NewServeMux(),
		scans: semaphore.NewWeighted(maxScans), streams: semaphore.NewWeighted(maxStreams),
		names: newDirectory(p.Index), stopped: make(chan struct{}),
	}
	a.routes()
	return a
}

// Stop makes /readyz say that the tracker is going away, and ends the streams.
func (a *Admin) Stop() {
	if !a.stopping.Swap(true) {
		close(a.stopped)
	}
}

// Show serves what has no secrets, such as the files of a page, to everybody.
// The pattern is that of a [http.ServeMux]. It is for before the first request.
func (a *Admin) Show(pattern string, h http.Handler) { a.open.Handle(pattern, h) }
