package puller

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/seeder/transfers"
)

const (
	layers    = 3
	layerSize = 200 << 10
)

// bed is a node with an empty store, a registry that has the image "app:1" for
// two platforms, and a mirror whose behaviour a test chooses.
type bed struct {
	*Puller
	store    testStore
	log      *transfers.Log
	registry *httptest.Server
	image    string // its name
	index    v1.ImageIndex

	mu     sync.Mutex
	asked  []*http.Request // by the puller, of the mirror
	mirror http.HandlerFunc
	origin atomic.Int64 // requests for blobs that the registry has answered
}

func newBed(t *testing.T) *bed {
	t.Helper()
	return newBedOn(t, newEmbedded(t))
}

func newBedOn(t *testing.T, store testStore) *bed {
	t.Helper()
	b := &bed{store: store, mirror: http.NotFound}
	quietLog := slog.New(slog.DiscardHandler)
	b.log = transfers.NewLog(quietLog, prometheus.NewRegistry())
	content := registry.New(registry.Logger(slog.NewLogLogger(slog.DiscardHandler, 0)))
	b.registry = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") {
			b.origin.Add(1)
		}
		withRanges(content).ServeHTTP(w, r)
	}))
	t.Cleanup(b.registry.Close)
	mirror := httptest.NewServer(http.HandlerFunc(b.serveMirror))
	t.Cleanup(mirror.Close)
	b.push(t)
	b.Puller = New(Config{
		Mirror: func() string { return mirror.Listener.Addr().String() },
		Stall:  500 * time.Millisecond,
	}, b.store, b.log, quietLog, prometheus.NewRegistry())
	return b
}

// withRanges gives a registry that knows only closed ranges open ones.
func withRanges(registry http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.Header.Get("Range") == "" {
			registry.ServeHTTP(w, r)
			return
		}
		all := r.Clone(r.Context())
		all.Header.Del("Range")
		whole := httptest.NewRecorder()
		registry.ServeHTTP(whole, all)
		w.Header().Set("Content-Type", whole.Header().Get("Content-Type"))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(whole.Body.Bytes()))
	})
}

func (b *bed) push(t *testing.T) {
	t.Helper()
	b.index = empty.Index
	for _, arch := range []string{"amd64", "arm64"} {
		img, err := random.Image(layerSize, layers)
		if err != nil {
			t.Fatal(err)
		}
		b.index = mutate.AppendManifests(b.index, mutate.IndexAddendum{
			Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
		})
	}
	b.image = strings.TrimPrefix(b.registry.URL, "http://") + "/some/app:1"
	ref, err := name.ParseReference(b.image)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, b.index); err != nil {
		t.Fatal(err)
	}
}

func (b *bed) serveMirror(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.asked = append(b.asked, r)
	serve := b.mirror
	b.mu.Unlock()
	serve(w, r)
}

func (b *bed) setMirror(h http.HandlerFunc) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mirror = h
}

// neighbour answers with the registry's own content, as if node "b" had it.
// It goes on doing so when the registry is closed. How it sends a blob can be
// spoilt.
func (b *bed) neighbour(t *testing.T, send sender) http.HandlerFunc {
	t.Helper()
	behind := answersOf(t, b.registry)
	return func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		res := behind(r)
		for k, v := range res.Header() {
			w.Header()[k] = v
		}
		if r.Method == http.MethodHead || !strings.Contains(r.URL.Path, "/blobs/") || res.Code > 299 {
			w.WriteHeader(res.Code)
			_, _ = w.Write(res.Body.Bytes())
		} else {
			w.WriteHeader(res.Code)
			send(w, r, res.Body.Bytes())
		}
		ref := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		b.log.Record(transfers.Transfer{
			Digest: digest.Digest(ref), Result: transfers.Peer, StartedAt: began,
			Sources: []transfers.Source{{Node: "b", Bytes: int64(res.Body.Len())}},
		})
	}
}

// answersOf answers from the handler of a server, open or closed.
func answersOf(t *testing.T, s *httptest.Server) func(*http.Request) *httptest.ResponseRecorder {
	t.Helper()
	return func(r *http.Request) *httptest.ResponseRecorder {
		in := httptest.NewRequest(r.Method, (&url.URL{Path: r.URL.Path}).String(), nil)
		in.Header = r.Header
		out := httptest.NewRecorder()
		s.Config.Handler.ServeHTTP(out, in)
		return out
	}
}

// sender sends what was asked for: a blob, or the rest of it.
type sender func(w http.ResponseWriter, r *http.Request, body []byte)

func whole(w http.ResponseWriter, _ *http.Request, body []byte) { _, _ = w.Write(body) }

// pull pulls the image for amd64 and keeps the events.
func (b *bed) pull(t *testing.T, r Request) ([]Event, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if r.Image == "" {
		r.Image = b.image
	}
	if r.Platform == "" {
		r.Platform = "linux/amd64"
	}
	var events []Event
	err := b.Pull(ctx, r, func(e Event) { events = append(events, e) })
	last := events[len(events)-1]
	if (err == nil) != (last.Type == Done) || (err != nil) != (last.Type == Failed) {
		t.Errorf("the last event is %q, the error is %v", last.Type, err)
	}
	return events, err
}

// came maps each kind of source to its bytes.
func came(events []Event) map[From]int64 {
	sum := map[From]int64{}
	for _, s := range events[len(events)-1].Totals.Sources {
		sum[s.From] += s.Bytes
	}
	return sum
}

// parts are the digests and sizes of what a pull for amd64 needs.
func (b *bed) parts(t *testing.T) map[digest.Digest]int64 {
	t.Helper()
	index := must(b.index.IndexManifest())
	img := must(b.index.Image(index.Manifests[0].Digest))
	m := must(img.Manifest())
	all := map[digest.Digest]int64{
		digest.Digest(must(b.index.Digest()).String()):    must(b.index.Size()),
		digest.Digest(index.Manifests[0].Digest.String()): index.Manifests[0].Size,
		digest.Digest(m.Config.Digest.String()):           m.Config.Size,
	}
	for _, l := range m.Layers {
		all[digest.Digest(l.Digest.String())] = l.Size
	}
	return all
}

func (b *bed) size(t *testing.T) (n int64) {
	t.Helper()
	for _, s := range b.parts(t) {
		n += s
	}
	return n
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// held hashes every blob of the store and fails the test for a wrong one.
func (b *bed) held(t *testing.T) map[digest.Digest]int64 {
	t.Helper()
	ctx := b.store.WithContext(t.Context())
	cs := b.store.ContentStore()
	all := map[digest.Digest]int64{}
	err := cs.Walk(ctx, func(info content.Info) error {
		ra, err := cs.ReaderAt(ctx, ocispec.Descriptor{Digest: info.Digest, Size: info.Size})
		if err != nil {
			return err
		}
		defer ra.Close()
		got := must(info.Digest.Algorithm().FromReader(io.NewSectionReader(ra, 0, ra.Size())))
		if got != info.Digest {
			t.Errorf("blob %s has the bytes of %s", info.Digest, got)
		}
		all[info.Digest] = info.Size
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wantImage checks that the store has the image, whole, right, and no other
// content.
func (b *bed) wantImage(t *testing.T) {
	t.Helper()
	held := b.held(t)
	for d, size := range b.parts(t) {
		if held[d] != size {
			t.Errorf("%s: the store has %d bytes, want %d", d, held[d], size)
		}
	}
	if len(held) != len(b.parts(t)) {
		t.Errorf("the store has %d blobs, want %d", len(held), len(b.parts(t)))
	}
	img, err := b.store.ImageStore().Get(b.store.WithContext(t.Context()), b.image)
	if err != nil {
		t.Fatal(err)
	}
	if want := must(b.index.Digest()).String(); img.Target.Digest.String() != want {
		t.Errorf("the image is %s, want %s", img.Target.Digest, want)
	}
	b.wantNoPoison(t)
}

func (b *bed) wantNoImage(t *testing.T) {
	t.Helper()
	if img, err := b.store.ImageStore().Get(b.store.WithContext(t.Context()), b.image); err == nil {
		t.Errorf("there is an image %v", img)
	}
	b.held(t)
}

// wantNoPoison checks that no ingest is full but not committed.
func (b *bed) wantNoPoison(t *testing.T) {
	t.Helper()
	left, err := b.store.ContentStore().ListStatuses(b.store.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	for _, ingest := range left {
		if ingest.Offset == ingest.Total {
			t.Errorf("a full ingest is left: %+v", ingest)
		}
	}
}
