package registry

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/transfers"
	"github.com/drayproject/dray/shared/trackerapi"
)

// MirrorConfig is what a mirror can be told.
type MirrorConfig struct {
	// TagPolicy has a [Policy] per registry; "*" is for all others, which
	// have [Fallback] without it.
	TagPolicy map[string]string
	// Upstreams are the URLs of registries that are not simply at
	// https://<name>.
	Upstreams map[string]string
	// DefaultRegistry is meant where a request has no ns parameter. Empty:
	// tags of such requests are unknown.
	DefaultRegistry string
	// HeaderTimeout bounds the time to the headers of an answer, after
	// which it is a miss. 0: 900 ms.
	HeaderTimeout time.Duration
	// OriginWait comes on top of it: what a fetch may wait for another node
	// that gets the content from the origin.
	OriginWait time.Duration
	// DownloadRate bounds what is relayed from neighbours, in bytes per
	// second of all pulls together. 0: no bound. What this node has is not
	// bounded, and what comes from a registry does not pass here.
	DownloadRate int64
}

// MirrorParts are the parts of the seeder that the mirror brings together.
type MirrorParts struct {
	Content   Content
	Inventory Inventory
	Fetcher   Fetcher
	Resolver  Resolver
	Guard     Guard
	Ingests   Ingests
	Transfers *transfers.Log
	// Ended, when set, is told of every request that has been answered, HEADs
	// too, in the request's own context.
	Ended func(context.Context, transfers.Transfer)
}

// Mirror serves this node's containerd from its own store and from neighbours.
type Mirror struct {
	http.Handler
	local         local
	fetcher       Fetcher
	guard         Guard
	ingests       Ingests
	tags          *tags
	sizes         sizes
	transfers     *transfers.Log
	ended         func(context.Context, transfers.Transfer) // may be nil
	registry      string                                    // where a request names none
	headerTimeout time.Duration
	limit         *rate.Limiter // of relays
	log           *slog.Logger
}

// NewMirror makes the mirror side; the error names a setting that is wrong.
func NewMirror(c MirrorConfig, p MirrorParts, log *slog.Logger, reg prometheus.Registerer) (*Mirror, error) {
	tags, err := newTags(c, p.Inventory, p.Resolver, log, reg)
	if err != nil {
		return nil, err
	}
	m := &Mirror{
		local:         local{content: p.Content, inventory: p.Inventory},
		fetcher:       p.Fetcher,
		guard:         p.Guard,
		ingests:       p.Ingests,
		tags:          tags,
		transfers:     p.Transfers,
		ended:         p.Ended,
		registry:      c.DefaultRegistry,
		headerTimeout: c.HeaderTimeout,
		limit:         newLimit(c.DownloadRate),
		log:           log,
	}
	if m.headerTimeout == 0 {
		m.headerTimeout = 900 * time.Millisecond
	}
	m.headerTimeout += c.OriginWait
	m.Handler = edge(m.serve, m.fail)
	return m, nil
}

func (m *Mirror) serve(w http.ResponseWriter, r *http.Request) error {
	t, err := parsePath(r.URL.Path)
	if err != nil {
		return err
	}
	registry := m.registry
	if r.URL.Query().Has("ns") {
		registry = registryOf(r)
	}
	if t.tag != "" {
		if t.digest, err = m.tags.resolve(r.Context(), registry, t.repository, t.tag); err != nil {
			return t.unknown(err.Error())
		}
	}
	t.registry = registry
	tr := m.trace(r, t, registry)
	defer tr.end(r.Context())
	if t.kind == transfers.Manifest {
		return m.manifest(w, r, t, tr)
	}
	return m.blob(w, r, t, tr)
}

// manifest serves a manifest and has the holders of all that it names looked
// up, so that the answer is there when containerd comes for the first layer.
func (m *Mirror) manifest(w http.ResponseWriter, r *http.Request, t target, tr *trace) error {
	doc, err := m.load(r, t, tr)
	if err != nil {
		return m.missed(r, t, tr, err)
	}
	m.prefetch(doc.children)
	tr.began(time.Now())
	n, err := doc.serve(w, r, t.digest)
	tr.sent(int64(n), err)
	return nil
}

// load gets a manifest from here or from a neighbour.
func (m *Mirror) load(r *http.Request, t target, tr *trace) (manifest, error) {
	doc, err := m.local.manifest(r.Context(), t.digest)
	if err == nil || errors.Is(err, errNoManifest) {
		tr.Result = transfers.Local
		return doc, err
	}
	m.warnUnlessMissing(t, err)
	ctx, cancel := context.WithTimeout(r.Context(), m.headerTimeout)
	defer cancel()
	fetched, err := m.fetcher.Manifest(ctx, m.request(r, t, whole))
	if err != nil {
		return manifest{}, err
	}
	tr.Result = transfers.Peer
	tr.Sources = []transfers.Source{transfers.Source(fetched.Source)}
	return parseManifest(fetched.Bytes)
}

// prefetch remembers the sizes too: trackers place small blobs differently.
func (m *Mirror) prefetch(children []descriptor) {
	var missing []digest.Digest
	for _, c := range children {
		if !m.local.inventory.Has(c.Digest) {
			missing = append(missing, c.Digest)
			m.sizes.note(c)
		}
	}
	if n := min(len(missing), trackerapi.MaxLookup); n > 0 {
		m.fetcher.Prefetch(missing[:n])
	}
}

func (m *Mirror) blob(w http.ResponseWriter, r *http.Request, t target, tr *trace) error {
	b, err := m.local.open(r.Context(), t.digest)
	if err != nil {
		m.warnUnlessMissing(t, err)
		return m.relay(w, r, t, tr)
	}
	defer b.Close()
	out := newBody(r.Context(), w)
	s, err := serveBlob(out, r, t.digest, b)
	if err != nil {
		return tr.missed(t, err)
	}
	tr.Result, tr.Offset = transfers.Local, s.offset
	tr.began(out.begun)
	tr.sent(out.sent, out.err)
	return nil
}

// warnUnlessMissing tells of a store that does not work; neighbours may have
// the content nevertheless.
func (m *Mirror) warnUnlessMissing(t target, err error) {
	if !errors.Is(err, store.ErrNotFound) {
		m.log.Warn("content cannot be opened", "digest", t.digest, "error", err)
	}
}

// fail makes every refusal a 404, which sends containerd to its next host
// without a second try here. Only what is not a pull at all is told so.
func (m *Mirror) fail(w http.ResponseWriter, r *http.Request, err error) {
	m.log.Debug("mirror refused", "method", r.Method, "path", r.URL.Path, "error", err)
	p := asProblem(err)
	if p.status != http.StatusMethodNotAllowed {
		p.status = http.StatusNotFound
	}
	p.write(w)
}
