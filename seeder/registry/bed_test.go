package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/seeder/chain"
	"github.com/drayproject/dray/seeder/fetcher"
	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/store/embedded"
	"github.com/drayproject/dray/seeder/transfers"
	"github.com/drayproject/dray/shared/httpserver"
	"github.com/drayproject/dray/shared/trackerapi"
)

var quiet = slog.New(slog.DiscardHandler)

// bed is a node: a real store, both sides, and neighbours that send what a test
// tells them to.
type bed struct {
	t         testing.TB
	store     *embedded.Store
	inventory *ledger
	arriving  *arriving
	swarm     *swarm
	cluster   *cluster
	guard     *sentry
	transfers *transfers.Log
	metrics   *prometheus.Registry
}

func newBed(t testing.TB) *bed {
	t.Helper()
	s, err := embedded.New(t.Context(), t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	reg := prometheus.NewRegistry()
	return &bed{
		t:         t,
		store:     s,
		inventory: &ledger{has: map[digest.Digest]bool{}, wrong: map[digest.Digest]bool{}, images: map[string]store.Image{}},
		arriving:  &arriving{store: s, hidden: map[digest.Digest]bool{}},
		swarm:     &swarm{blobs: map[digest.Digest]script{}},
		cluster:   &cluster{images: map[string]trackerapi.Image{}},
		guard:     &sentry{},
		transfers: transfers.NewLog(quiet, reg),
		metrics:   reg,
	}
}

func (b *bed) mirror(c MirrorConfig) *Mirror {
	b.t.Helper()
	m, err := NewMirror(c, MirrorParts{
		Content: b.store, Inventory: b.inventory, Fetcher: b.swarm, Resolver: b.cluster,
		Guard: b.guard, Ingests: b.arriving, Transfers: b.transfers,
	}, quiet, b.metrics)
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

func (b *bed) peer() *Peer {
	return NewPeer(b.store, b.inventory, b.arriving, b.chains(), Limits{}, quiet, b.metrics)
}

// chains makes those of the store's content. What is found to be wrong goes to the
// inventory.
func (b *bed) chains() *chain.Maker {
	m := chain.NewMaker(b.store, b.inventory.quarantine, quiet, prometheus.NewRegistry())
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- m.Run(ctx) }()
	b.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	})
	return m
}

// put commits content to the store, and to the inventory.
func (b *bed) put(p []byte) digest.Digest {
	b.t.Helper()
	d := digest.FromBytes(p)
	ctx := b.store.WithContext(b.t.Context())
	desc := ocispec.Descriptor{Digest: d, Size: int64(len(p))}
	if err := content.WriteBlob(ctx, b.store.ContentStore(), d.String(), bytes.NewReader(p), desc); err != nil {
		b.t.Fatal(err)
	}
	b.inventory.set(d, true)
	return d
}

// remove takes content out of the store behind the inventory's back.
func (b *bed) remove(d digest.Digest) {
	b.t.Helper()
	if err := b.store.ContentStore().Delete(b.store.WithContext(b.t.Context()), d); err != nil {
		b.t.Fatal(err)
	}
	if err := b.store.GarbageCollect(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// listen serves a side as the seeder does.
func (b *bed) listen(h http.Handler) (addr string) {
	b.t.Helper()
	s, err := httpserver.Listen("test", "127.0.0.1:0", 64, h, quiet)
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, time.Second) }()
	b.t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			b.t.Error(err)
		}
	})
	return s.Addr()
}

// ledger is an inventory by hand.
type ledger struct {
	mu         sync.Mutex
	has, wrong map[digest.Digest]bool
	images     map[string]store.Image
	withdrawn  []digest.Digest
}

func (l *ledger) set(d digest.Digest, has bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.has[d] = has
}

func (l *ledger) quarantine(d digest.Digest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrong[d] = true
}

func (l *ledger) Has(d digest.Digest) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.has[d]
}

func (l *ledger) Withdraw(d digest.Digest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.has, d)
	l.withdrawn = append(l.withdrawn, d)
}

func (l *ledger) Quarantined(d digest.Digest) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wrong[d]
}

func (l *ledger) Image(name string) (store.Image, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i, ok := l.images[name]
	return i, ok
}

// arriving shares all that is on its way, but for what a test hides.
type arriving struct {
	store  *embedded.Store
	hidden map[digest.Digest]bool
	fed    *store.Growing // what feeds go to; may be nil

	mu       sync.Mutex
	expected []digest.Digest
}

func (a *arriving) Expect(d digest.Digest) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expected = append(a.expected, d)
}

// Feed gives those something that have the digest open already.
func (a *arriving) Feed(_ digest.Digest, offset, size int64) *store.Feed {
	f := store.NewFeed(offset, size)
	if a.fed != nil {
		a.fed.Attach(f)
	}
	return f
}

func (a *arriving) Open(ctx context.Context, d digest.Digest) (*store.Growing, error) {
	if a.hidden[d] {
		return nil, store.ErrNotFound
	}
	return a.store.OpenGrowing(ctx, d)
}

// swarm stands for the fetcher and the neighbours behind it.
type swarm struct {
	mu         sync.Mutex
	blobs      map[digest.Digest]script
	asked      []fetcher.Request
	manifests  []fetcher.Request
	prefetched [][]digest.Digest
	open       int // streams that are not closed
}

// script says how a blob comes.
type script struct {
	bytes   []byte
	failAt  int   // where the stream fails
	failure error // nil: it does not
	pause   time.Duration
}

func (s *swarm) add(p []byte) digest.Digest {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := digest.FromBytes(p)
	s.blobs[d] = script{bytes: p}
	return d
}

func (s *swarm) fail(d digest.Digest, at int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.blobs[d]
	c.failAt, c.failure = at, err
	s.blobs[d] = c
}

func (s *swarm) delay(d digest.Digest, by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.blobs[d]
	c.pause = by
	s.blobs[d] = c
}

func (s *swarm) Prefetch(ds []digest.Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prefetched = append(s.prefetched, slices.Clone(ds))
}

func (s *swarm) Fetch(ctx context.Context, r fetcher.Request) (Stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r)
	c, ok := s.blobs[r.Digest]
	size := int64(len(c.bytes))
	if !ok || r.Length == 0 || r.Offset > 0 && r.Offset >= size {
		return nil, fetcher.ErrNoSource
	}
	end := size
	if r.Length >= 0 {
		end = min(size, r.Offset+r.Length)
	}
	s.open++
	return &stream{swarm: s, ctx: ctx, script: c, at: r.Offset, end: end}, nil
}

func (s *swarm) Manifest(_ context.Context, r fetcher.Request) (fetcher.Manifest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.manifests = append(s.manifests, r)
	c, ok := s.blobs[r.Digest]
	if !ok {
		return fetcher.Manifest{}, fetcher.ErrNoSource
	}
	return fetcher.Manifest{Bytes: c.bytes, Source: fetcher.Source{Node: "n1", Bytes: int64(len(c.bytes))}}, nil
}

type stream struct {
	swarm   *swarm
	ctx     context.Context
	script  script
	at, end int64
	sent    int64
}

func (s *stream) Read(p []byte) (int, error) {
	if s.script.pause > 0 {
		select {
		case <-time.After(s.script.pause):
		case <-s.ctx.Done():
		}
	}
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	end := s.end
	if s.script.failure != nil {
		end = min(end, int64(s.script.failAt))
	}
	if s.at >= end {
		if s.script.failure != nil {
			return 0, s.script.failure
		}
		return 0, io.EOF
	}
	n := copy(p, s.script.bytes[s.at:end])
	s.at += int64(n)
	s.sent += int64(n)
	return n, nil
}

func (s *stream) Size() int64 { return int64(len(s.script.bytes)) }

func (s *stream) Sources() []fetcher.Source {
	return []fetcher.Source{{Node: "n1", Bytes: s.sent}}
}

func (s *stream) Retries() int { return 0 }

func (s *stream) Close() error {
	s.swarm.mu.Lock()
	defer s.swarm.mu.Unlock()
	s.swarm.open--
	return nil
}

// cluster stands for the trackers' view of image names.
type cluster struct {
	mu     sync.Mutex
	images map[string]trackerapi.Image
	err    error
	asked  int
}

func (c *cluster) Resolve(_ context.Context, names []string) ([]trackerapi.Image, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.err != nil {
		return nil, c.err
	}
	answer := make([]trackerapi.Image, len(names))
	for i, n := range names {
		answer[i] = c.images[n]
	}
	return answer, nil
}

// sentry remembers what the guard was told, in order.
type sentry struct {
	mu    sync.Mutex
	calls []string
}

func (s *sentry) Watch(d digest.Digest, sources []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, fmt.Sprint("watch ", d, sources))
}

func (s *sentry) AbortNow(_ context.Context, d digest.Digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, fmt.Sprint("abort ", d))
}

func (s *sentry) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func textLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

func quietLog() *log.Logger { return log.New(io.Discard, "", 0) }

func noise(n int) []byte {
	r := rand.NewChaCha8([32]byte{1})
	p := make([]byte, n)
	_, _ = r.Read(p)
	return p
}

// image is a manifest of n layers, with what it names.
func image(n int) (doc []byte, children [][]byte) {
	type desc struct {
		MediaType string        `json:"mediaType"`
		Digest    digest.Digest `json:"digest"`
		Size      int           `json:"size"`
	}
	m := struct {
		SchemaVersion int    `json:"schemaVersion"`
		MediaType     string `json:"mediaType"`
		Config        desc   `json:"config"`
		Layers        []desc `json:"layers"`
	}{SchemaVersion: 2, MediaType: typeManifest}
	config := []byte(`{"architecture":"amd64","os":"linux"}`)
	m.Config = desc{"application/vnd.oci.image.config.v1+json", digest.FromBytes(config), len(config)}
	children = append(children, config)
	for i := range n {
		layer := append(noise(1000), byte(i))
		children = append(children, layer)
		m.Layers = append(m.Layers, desc{"application/vnd.oci.image.layer.v1.tar", digest.FromBytes(layer), len(layer)})
	}
	doc, _ = json.Marshal(m)
	return doc, children
}

// ask sends one request to a side without a network in between.
func ask(h http.Handler, method, path string, header ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func blobPath(d digest.Digest) string     { return "/v2/library/redis/blobs/" + d.String() }
func manifestPath(d digest.Digest) string { return "/v2/library/redis/manifests/" + d.String() }

func bodyOf(res *http.Response) []byte {
	b, _ := io.ReadAll(res.Body)
	return b
}

// wantError checks that an answer is the spec's error document.
func wantError(t testing.TB, res *http.Response, status int, code string) {
	t.Helper()
	b := bodyOf(res)
	var doc struct {
		Errors []struct{ Code, Message string }
	}
	err := json.Unmarshal(b, &doc)
	if res.StatusCode != status || err != nil || len(doc.Errors) != 1 ||
		doc.Errors[0].Code != code || doc.Errors[0].Message == "" {
		t.Errorf("got %d %s, want %d %s", res.StatusCode, b, status, code)
	}
}

// wantBytes checks the headers and the body of an answer with content.
func wantBytes(t testing.TB, res *http.Response, d digest.Digest, status int, want []byte, header ...string) {
	t.Helper()
	got := bodyOf(res)
	if res.StatusCode != status || !bytes.Equal(got, want) {
		t.Fatalf("got %d and %d bytes (%.200q), want %d and %d bytes", res.StatusCode, len(got), got, status, len(want))
	}
	h := map[string]string{
		"Docker-Content-Digest": d.String(),
		"Etag":                  `"` + d.String() + `"`,
		"Content-Encoding":      "",
	}
	for i := 0; i+1 < len(header); i += 2 {
		h[header[i]] = header[i+1]
	}
	for _, k := range slices.Sorted(maps.Keys(h)) {
		if got := res.Header.Get(k); got != h[k] {
			t.Errorf("%s: got %q, want %q", k, got, h[k])
		}
	}
}

var errBoom = errors.New("boom")
