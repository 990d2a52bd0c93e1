package registry

import (
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/drayproject/dray/seeder/chain"
	"github.com/drayproject/dray/seeder/fetcher"
	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/transfers"
)

// Peer serves this node's content to its neighbours, by digest: what it has, and
// what it is getting. It never fetches: anything else is a 404.
type Peer struct {
	http.Handler
	local    local
	arriving Arriving
	chains   Chains
	limit    *rate.Limiter
	slots    int64 // uploads at one time; 0: any number
	uploads  atomic.Int64
	log      *slog.Logger

	requests *prometheus.CounterVec
	service  service
}

// Limits bound what neighbours may take from this node. Zero is no bound.
type Limits struct {
	Slots int   // blobs that are sent at one time; whoever comes then is told that the node is busy
	Rate  int64 // bytes per second of all of them together
}

// NewPeer makes the peer side.
func NewPeer(c Content, inv Inventory, a Arriving, ch Chains, l Limits, log *slog.Logger, reg prometheus.Registerer) *Peer {
	p := &Peer{
		local:    local{content: c, inventory: inv},
		arriving: a,
		chains:   ch,
		limit:    newLimit(l.Rate),
		slots:    int64(l.Slots),
		log:      log,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dray_seeder_peer_requests_total",
			Help: "Requests of neighbours, by result (hit, miss, busy).",
		}, []string{"result", "kind"}),
		service: service{total: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dray_seeder_upload_bytes_total",
			Help: "Bytes of blobs sent to neighbours.",
		})},
	}
	reg.MustRegister(p.requests, p.service.total, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dray_seeder_uploads",
		Help: "Blobs that are being sent to neighbours now.",
	}, func() float64 { return float64(p.Uploads()) }))
	p.Handler = edge(p.serve, p.fail)
	return p
}

// Uploads is the number of blobs that are being sent now.
func (p *Peer) Uploads() int { return int(p.uploads.Load()) }

// UploadRate is what neighbours have lately been sent, in bytes per second.
func (p *Peer) UploadRate() int64 { return p.service.bytesPerSecond() }

// Latency is the 95th percentile of what neighbours lately waited for the first
// bytes of a blob that is complete. Content that is on its way comes when it
// comes: that says nothing about this node.
func (p *Peer) Latency() time.Duration { return p.service.latency() }

func (p *Peer) serve(w http.ResponseWriter, r *http.Request) error {
	if d, ok := chain.Asked(r.URL.Path); ok {
		return p.chain(w, r, d)
	}
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
	came := time.Now()
	b, err := p.local.open(r.Context(), t.digest)
	if errors.Is(err, store.ErrNotFound) {
		if g, err := p.arriving.Open(r.Context(), t.digest); err == nil {
			defer g.Close()
			return p.growing(w, r, t, g)
		}
		b, err = p.local.open(r.Context(), t.digest) // it may just have been committed
	}
	if err != nil {
		return p.miss(t, err)
	}
	defer b.Close()
	out, done, err := p.upload(w, r)
	if err != nil {
		return err
	}
	defer done()
	_, err = serveBlob(out, r, t.digest, b)
	if out.sent > 0 {
		p.service.waited(out.moved.Sub(came))
	}
	return err
}

// upload begins to send a blob, within what this node sends in all. It fails
// where all slots are taken. What somebody else would send a little later is sent
// only by a node that has nothing else to do.
func (p *Peer) upload(w http.ResponseWriter, r *http.Request) (out *body, done func(), err error) {
	out = newBody(r.Context(), w)
	out.limit, out.count = p.limit, &p.service
	if r.Method == http.MethodHead {
		return out, func() {}, nil
	}
	most := p.slots
	if r.Header.Get(fetcher.AheadHeader) != "" {
		most = 1
	}
	if n := p.uploads.Add(1); most > 0 && n > most {
		p.uploads.Add(-1)
		return nil, nil, errBusy
	}
	return out, func() { p.uploads.Add(-1) }, nil
}

// errBusy sends a neighbour to the next holder. It is no fault: Retry-After, in
// fail, tells it from that of a broken server.
var errBusy = problemf(http.StatusServiceUnavailable, codeTooMany, "all slots are taken")

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
	if errors.Is(err, errBusy) {
		w.Header().Set("Retry-After", "1")
	}
	asProblem(err).write(w)
}

func outcome(err error) string {
	switch {
	case errors.Is(err, errBusy):
		return "busy"
	case err != nil:
		return "miss"
	default:
		return "hit"
	}
}
