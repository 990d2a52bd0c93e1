package app

import (
	"context"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/drayproject/dray/seeder/fetcher"
	"github.com/drayproject/dray/seeder/transfers"
	"github.com/drayproject/dray/shared/process"
	"github.com/drayproject/dray/shared/tracing"
	"github.com/drayproject/dray/shared/trackerapi"
)

// maxArrivals bounds the digests of which is known how this node got them.
const maxArrivals = 4096

// spans are what a seeder tells of its requests, where it is traced.
type spans struct {
	*tracing.Tracing

	mu       sync.Mutex
	arrivals map[string]tracing.Mark // digest → its latest request at the mirror
}

func newSpans(ctx context.Context, cfg Config, a *App) (*spans, error) {
	t, err := tracing.New(ctx, cfg.tracing(), a.log)
	return &spans{Tracing: t, arrivals: map[string]tracing.Mark{}}, err
}

func (c *Config) tracing() tracing.Config {
	return tracing.Config{
		Service: "dray-seeder", Node: c.NodeName, Version: process.Version(),
		Endpoint: c.TraceEndpoint, Ratio: c.TraceRatio,
	}
}

// mirror begins a trace with each request for content.
func (s *spans) mirror(next http.Handler) http.Handler {
	if !s.On() {
		return next
	}
	return s.Server(contentRoute, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			s.arrives(path.Base(r.URL.Path), tracing.At(r.Context()))
		}
		next.ServeHTTP(w, r)
	}))
}

// peer joins the traces of neighbours. A span leads on to the one that tells how
// this node itself got the content, or is still getting it.
func (s *spans) peer(next http.Handler) http.Handler {
	if !s.On() {
		return next
	}
	return s.Server(tracing.Joining(contentRoute), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tracing.Refer(r.Context(), s.arrival(path.Base(r.URL.Path)))
		next.ServeHTTP(w, r)
	}))
}

// toPeer makes a span of each request to a neighbour.
func (s *spans) toPeer(node string, base http.RoundTripper) http.RoundTripper {
	if !s.On() {
		return base
	}
	return s.Transport(contentRoute, offsets{base}, tracing.String("dray.peer", node))
}

// toTracker makes a span of each question that a request leads to.
func (s *spans) toTracker(base http.RoundTripper) http.RoundTripper {
	return s.Transport(func(r *http.Request) string { return r.URL.Path }, base)
}

// ended is what the mirror hears of a request that is over; nil where nobody is
// told.
func (s *spans) ended() func(context.Context, transfers.Transfer) {
	if !s.On() {
		return nil
	}
	return noteTransfer
}

// lookuper notes what the trackers answer to those who join.
func (s *spans) lookuper(l fetcher.Lookuper) fetcher.Lookuper {
	if !s.On() {
		return l
	}
	return joins{l}
}

type joins struct{ fetcher.Lookuper }

// Join implements [fetcher.Lookuper].
func (j joins) Join(ctx context.Context, m trackerapi.JoinRequest, silence time.Duration) (trackerapi.JoinResponse, error) {
	r, err := j.Lookuper.Join(ctx, m, silence)
	parents := make([]string, len(r.Handout))
	for i, h := range r.Handout {
		parents[i] = h.Node
	}
	tracing.Note(ctx, tracing.Strings("dray.parents", parents), tracing.Bool("dray.lease", r.Lease))
	return r, err
}

func (s *spans) arrives(digest string, m tracing.Mark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.arrivals) >= maxArrivals {
		clear(s.arrivals)
	}
	s.arrivals[digest] = m
}

func (s *spans) arrival(digest string) tracing.Mark {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrivals[digest]
}

// contentRoute names requests for content; others have no span.
func contentRoute(r *http.Request) string {
	switch path.Base(path.Dir(r.URL.Path)) {
	case "blobs":
		return "/v2/{name}/blobs/{digest}"
	case "manifests":
		return "/v2/{name}/manifests/{reference}"
	}
	return ""
}

// noteTransfer says in a span what the log says of the transfer.
func noteTransfer(ctx context.Context, t transfers.Transfer) {
	attrs := []tracing.Attr{
		tracing.String("dray.digest", t.Digest.String()),
		tracing.String("dray.registry", t.Registry),
		tracing.String("dray.repository", t.Repository),
		tracing.String("dray.source", string(t.Result)),
		tracing.Int64("dray.offset", t.Offset),
		tracing.Int64("dray.bytes", t.Bytes),
	}
	if len(t.Sources) > 0 {
		var from []string
		for _, s := range t.Sources {
			from = append(from, s.Node+"="+strconv.FormatInt(s.Bytes, 10))
		}
		attrs = append(attrs, tracing.Strings("dray.sources", from), tracing.Int64("dray.retries", int64(t.Retries)))
	}
	tracing.Note(ctx, attrs...)
	switch {
	case t.Result == transfers.Failed:
		tracing.Fail(ctx, t.Err)
	case t.Err != "":
		tracing.Note(ctx, tracing.String("dray.reason", t.Err))
	}
}

// offsets says where in the content a request to a neighbour begins.
type offsets struct{ base http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (o offsets) RoundTrip(r *http.Request) (*http.Response, error) {
	tracing.Note(r.Context(), tracing.String("dray.digest", path.Base(r.URL.Path)), tracing.Int64("dray.offset", offset(r)))
	return o.base.RoundTrip(r)
}

func offset(r *http.Request) int64 {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Range"), "bytes="), "-")
	n, _ := strconv.ParseInt(first, 10, 64) // none is 0
	return n
}
