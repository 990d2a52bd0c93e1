package registry

import (
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/transfers"
)

// Peer serves this node's content to its neighbours, by digest. It never
// fetches: what it does not have is a 404.
type Peer struct {
	http.Handler
	local   local
	limit   *rate.Limiter
	uploads atomic.Int64
	log     *slog.Logger

	requests *prometheus.CounterVec
	bytes    prometheus.Counter
}

// NewPeer makes the peer side. All its uploads together send at most rate bytes
// per second; 0 is no limit.
func NewPeer(c Content, inv Inventory, rate int64, log *slog.Logger, reg prometheus.Registerer) *Peer {
	p := &Peer{
		local: local{content: c, inventory: inv},
		limit: newLimit(rate),
		log:   log,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_peer_requests_total",
			Help: "Requests of neighbours, by result (hit, miss).",
		}, []string{"result", "kind"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dray_seeder_upload_bytes_total",
			Help: "Bytes of blobs sent to neighbours.",
		}),
	}
	reg.MustRegister(p.requests, p.bytes, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dray_seeder_uploads",
		Help: "Blobs that are being sent to neighbours now.",
	}, func() float64 { return float64(p.Uploads()) }))
	p.Handler = edge(p.serve, p.fail)
	return p
}

// Uploads is the number of blobs that are being sent now.
func (p *Peer) Uploads() int { return int(p.uploads.Load()) }

func (p *Peer) serve(w http.ResponseWriter, r *http.Request) error {
	t, err := parsePath(r.URL.Path)
	if err != nil {
		return err
	}
	if t.tag != "" {
		return t.unknown("neighbours are served by digest only")
	}
	if t.kind == transfers.Manifest {
		err = p.manifest(w, r, t)
	} else {
		err = p.blob(w, r, t)
	}
	p.requests.WithLabelValues(outcome(err), string(t.kind)).Inc()
	return err
}

func (p *Peer) manifest(w http.ResponseWriter, r *http.Request, t target) error {
	m, err := p.local.manifest(r.Context(), t.digest)
	if err != nil {
		return p.miss(t, err)
	}
	_, _ = m.serve(w, r, t.digest) // it is in one piece: the client has it or has left
	return nil
}

func (p *Peer) blob(w http.ResponseWriter, r *http.Request, t target) error {
	b, err := p.local.open(r.Context(), t.digest)
	if err != nil {
		return p.miss(t, err)
	}
	defer b.Close()
	if r.Method == http.MethodGet {
		p.uploads.Add(1)
		defer p.uploads.Add(-1)
	}
	out := newBody(r.Context(), w)
	out.limit, out.count = p.limit, p.bytes
	_, err = serveBlob(out, r, t.digest, b)
	return err
}

// miss hides a fault of the store from the neighbour, which can only look
// elsewhere.
func (p *Peer) miss(t target, err error) error {
	if !errors.Is(err, store.ErrNotFound) && !errors.Is(err, errNoManifest) {
		p.log.Warn("content cannot be opened", "digest", t.digest, "error", err)
	}
	return t.unknown(err.Error())
}

func (p *Peer) fail(w http.ResponseWriter, r *http.Request, err error) {
	p.log.Debug("peer refused", "method", r.Method, "path", r.URL.Path, "peer", r.RemoteAddr, "error", err)
	asProblem(err).write(w)
}

func outcome(err error) string {
	if err != nil {
		return "miss"
	}
	return "hit"
}
