package announcer

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/seeder/inventory"
	"github.com/drayproject/dray/shared/trackerapi"
)

// reference is a tracker for one node that keeps to the rules of trackerapi and
// writes down what it is told.
type reference struct {
	mu       sync.Mutex
	epoch    int64 // 0: the node is not known
	seq      uint64
	hash     trackerapi.SetHash
	known    bool
	digests  map[digest.Digest]bool
	images   map[string]trackerapi.Image
	verified []digest.Digest
	reports  []trackerapi.Report
	ingests  []trackerapi.Ingest // told by progress, in order
	listed   []trackerapi.Ingest // in the latest heartbeat
	verify   []digest.Digest
	look     []trackerapi.Look
	rejoin   []digest.Digest // told in every answer to a heartbeat
	journal  []string        // the verbs, in order

	interval int64
	hold     bool // it takes no whole inventories now
	walking  bool // as the node said last
	handout  trackerapi.Handout
	// before runs ahead of each request; what it returns is the answer.
	before func(ctx context.Context, verb string) error
	join   func(trackerapi.JoinRequest) (trackerapi.JoinResponse, error)
}

func newReference() *reference {
	return &reference{interval: 1000, digests: map[digest.Digest]bool{}, images: map[string]trackerapi.Image{}}
}

func (r *reference) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	verb := strings.TrimPrefix(req.URL.Path, "/v1/")
	r.mu.Lock()
	before := r.before
	r.mu.Unlock()
	if before != nil {
		if err := before(req.Context(), verb); err != nil {
			refuse(w, err)
			return
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.journal = append(r.journal, verb)
	answer, err := r.answer(verb, req.Body)
	if err != nil {
		refuse(w, err)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func refuse(w http.ResponseWriter, err error) {
	e := trackerapi.AsError(err)
	w.WriteHeader(e.Status())
	_ = json.NewEncoder(w).Encode(e)
}

func (r *reference) answer(verb string, body io.Reader) (any, error) {
	switch verb {
	case "register":
		m := read[trackerapi.RegisterRequest](body)
		if m.Node.Epoch < r.epoch {
			return nil, trackerapi.Errorf(trackerapi.CodeStaleEpoch, "later run")
		}
		r.epoch, r.walking = m.Node.Epoch, m.Walking
		return trackerapi.RegisterResponse{IntervalMS: r.interval, Hold: r.hold || m.Walking}, nil
	case "heartbeat":
		m := read[trackerapi.HeartbeatRequest](body)
		if err := r.hear(m.Sender); err != nil {
			return nil, err
		}
		r.listed, r.walking = m.Ingests, m.Walking
		verify, look := r.verify, r.look
		r.verify, r.look = nil, nil
		resend := !r.known || r.seq != m.Seq || uint64(r.hash) != m.SetHash
		return trackerapi.HeartbeatResponse{IntervalMS: r.interval, Resend: resend, Hold: resend && (r.hold || m.Walking), Verify: verify, Look: look, Rejoin: r.rejoin}, nil
	case "announce":
		m := read[trackerapi.AnnounceRequest](body)
		if err := r.hear(m.Sender); err != nil {
			return nil, err
		}
		resend := r.apply(m)
		return trackerapi.AnnounceResponse{Resend: resend, Hold: resend && r.hold}, nil
	case "lookup":
		m := read[trackerapi.LookupRequest](body)
		hs := make([]trackerapi.Handout, len(m.Digests))
		for i := range hs {
			hs[i] = r.handout
		}
		return trackerapi.LookupResponse{Handouts: hs}, nil
	case "resolve":
		m := read[trackerapi.ResolveRequest](body)
		resp := trackerapi.ResolveResponse{}
		for _, name := range m.Names {
			resp.Images = append(resp.Images, r.images[name])
		}
		return resp, nil
	case "report":
		m := read[trackerapi.ReportRequest](body)
		r.reports = append(r.reports, m.Reports...)
		return trackerapi.ReportResponse{}, nil
	case "join":
		return r.join(read[trackerapi.JoinRequest](body))
	case "progress":
		m := read[trackerapi.ProgressRequest](body)
		if err := r.hear(m.Sender); err != nil {
			return nil, err
		}
		r.ingests = append(r.ingests, m.Ingests...)
		return trackerapi.ProgressResponse{}, nil
	case "leave":
		r.epoch, r.known = 0, false
		return trackerapi.LeaveResponse{}, nil
	}
	return nil, trackerapi.Errorf(trackerapi.CodeInvalid, "verb %q", verb)
}

func (r *reference) hear(s trackerapi.Sender) error {
	switch {
	case r.epoch == 0:
		return trackerapi.Errorf(trackerapi.CodeUnknownNode, "register first")
	case s.Epoch < r.epoch:
		return trackerapi.Errorf(trackerapi.CodeStaleEpoch, "later run")
	}
	return nil
}

func (r *reference) apply(m trackerapi.AnnounceRequest) (resend bool) {
	r.verified = append(r.verified, m.Verified...)
	if m.Whole {
		clear(r.digests)
		clear(r.images)
	} else if !r.known || m.From != r.seq {
		return true
	}
	for _, d := range m.Remove {
		delete(r.digests, d)
	}
	for _, d := range m.Add {
		r.digests[d] = true
	}
	for _, n := range m.ImagesGone {
		delete(r.images, n)
	}
	for _, i := range m.Images {
		r.images[i.Name] = i
	}
	r.known, r.seq, r.hash = true, m.Seq, 0
	for d := range r.digests {
		r.hash.Digest(d)
	}
	for _, i := range r.images {
		r.hash.Image(i)
	}
	return uint64(r.hash) != m.SetHash
}

func read[T any](r io.Reader) (m T) {
	_ = json.NewDecoder(r).Decode(&m)
	return m
}

// forget is a restart of the tracker.
func (r *reference) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.epoch, r.known = 0, false
	clear(r.digests)
}

func (r *reference) set(f func(context.Context, string) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.before = f
}

// told counts how often a verb has come.
func (r *reference) told(verb string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, v := range r.journal {
		if v == verb {
			n++
		}
	}
	return n
}

func (r *reference) holds() []digest.Digest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.digests))
}

// network is a RoundTripper that reaches handlers by host name, without
// sockets: so time can be synctest's.
type network struct {
	mu    sync.Mutex
	hosts map[string]http.Handler
}

func (n *network) RoundTrip(req *http.Request) (res *http.Response, err error) {
	defer func() {
		if recover() != nil { // http.ErrAbortHandler
			err = io.ErrUnexpectedEOF
		}
	}()
	n.mu.Lock()
	h := n.hosts[req.URL.Host]
	n.mu.Unlock()
	if h == nil {
		return nil, fmt.Errorf("dial %s: connection refused", req.URL.Host)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return rec.Result(), nil
}

func (n *network) set(host string, h http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hosts[host] = h
}

// stock is an inventory.
type stock struct {
	mu       sync.Mutex
	changed  chan struct{}
	snap     inventory.Snapshot
	deltas   []inventory.Delta // one step each
	oldest   uint64            // Since knows nothing before this
	verified []digest.Digest
}

func newStock(ds ...digest.Digest) *stock {
	s := &stock{changed: make(chan struct{})}
	s.add(ds...)
	return s
}

func (s *stock) add(ds ...digest.Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := s.snap.Seq
	for _, d := range ds {
		s.snap.Digests = append(s.snap.Digests, d)
		s.snap.Hash.Digest(d)
	}
	s.snap.Seq++
	s.deltas = append(s.deltas, inventory.Delta{From: from, Seq: s.snap.Seq, Hash: s.snap.Hash, Add: ds})
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *stock) Snapshot() inventory.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	snap := s.snap
	snap.Digests = slices.Clone(snap.Digests)
	return snap
}

func (s *stock) Since(seq uint64) (inventory.Delta, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq < s.oldest || seq > s.snap.Seq {
		return inventory.Delta{}, false
	}
	d := inventory.Delta{From: seq, Seq: s.snap.Seq, Hash: s.snap.Hash}
	for _, step := range s.deltas[seq:] {
		d.Add = append(d.Add, step.Add...)
	}
	return d, true
}

func (s *stock) Wait(ctx context.Context, seq uint64) error {
	for {
		s.mu.Lock()
		moved, changed := s.snap.Seq > seq, s.changed
		s.mu.Unlock()
		if moved {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *stock) Verify(d digest.Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verified = append(s.verified, d)
}

func digests(from, to int) []digest.Digest {
	var all []digest.Digest
	for i := from; i < to; i++ {
		all = append(all, digest.FromString(fmt.Sprint(i)))
	}
	return all
}

var discard = slog.New(slog.DiscardHandler)

var self = trackerapi.Node{Name: "n1", Epoch: 100, Addr: "10.0.0.1:5002"}

// start runs an announcer; the returned function stops it and waits.
func start(t *testing.T, cfg Config, inv Inventory) (*Announcer, func()) {
	t.Helper()
	cfg.Node = self
	a := New(cfg, inv, discard, prometheus.NewRegistry())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	return a, sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}
