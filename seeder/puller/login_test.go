package puller

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/opencontainers/go-digest"
)

const secret = "a-word-that-is-nowhere"

// lock puts a lock on the bed's registry, and sends those who ask for blobs to
// another host, as large registries do. It returns the headers that this host saw.
func (b *bed) lock(t *testing.T) (elsewhere *[]http.Header) {
	t.Helper()
	content := b.registry.Config.Handler
	var mu sync.Mutex
	elsewhere = new([]http.Header)
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		*elsewhere = append(*elsewhere, r.Header.Clone())
		mu.Unlock()
		content.ServeHTTP(w, r)
	}))
	t.Cleanup(store.Close)
	b.registry.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, word, ok := r.BasicAuth(); !ok || user != "robot" || word != secret {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if strings.Contains(r.URL.Path, "/blobs/") {
			// "localhost" is another host than 127.0.0.1.
			http.Redirect(w, r, strings.Replace(store.URL, "127.0.0.1", "localhost", 1)+r.URL.RequestURI(), http.StatusTemporaryRedirect)
			return
		}
		content.ServeHTTP(w, r)
	})
	return elsewhere
}

func TestALoginReachesTheRegistryAndNobodyElse(t *testing.T) {
	b := newBed(t)
	elsewhere := b.lock(t)
	var logged bytes.Buffer
	b.Puller.log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))

	for _, wrong := range []*Login{nil, {Username: "robot", Secret: "wrong"}} {
		if err := b.Pull(t.Context(), Request{Image: b.image, Login: wrong}, func(Event) {}); err == nil {
			t.Fatalf("%v was let in", wrong)
		}
	}
	login := &Login{Username: "robot", Secret: secret}
	if err := b.Pull(t.Context(), Request{Image: b.image, Login: login}, func(Event) {}); err != nil {
		t.Fatal(err)
	}
	if len(*elsewhere) == 0 {
		t.Error("nobody was sent elsewhere")
	}
	for _, h := range *elsewhere {
		if h.Get("Authorization") != "" {
			t.Error("the login went with a redirect to another host")
		}
	}
	for _, r := range b.asked {
		if r.Header.Get("Authorization") != "" {
			t.Error("the mirror got the login")
		}
	}
	if strings.Contains(logged.String(), secret) {
		t.Error("the secret is in the log")
	}
}

// The name may have moved on: what counts is the digest.
func TestADigestIsPulledUnderItsName(t *testing.T) {
	b := newBed(t)
	all, err := b.index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	want := digest.Digest(all.Manifests[1].Digest.String())
	var last Event
	err = b.Pull(t.Context(), Request{Image: b.image, Digest: want, Platforms: []string{AllPlatforms}}, func(e Event) { last = e })
	if err != nil {
		t.Fatal(err)
	}
	img, err := b.store.ImageStore().Get(b.store.WithContext(t.Context()), b.image)
	if err != nil || img.Target.Digest != want || last.Digest != want {
		t.Errorf("%s stands for %s, %v; the last event says %s; want %s", b.image, img.Target.Digest, err, last.Digest, want)
	}
	if err := b.Pull(t.Context(), Request{Image: b.image, Digest: digest.FromString("none")}, func(Event) {}); err == nil {
		t.Error("a digest that nobody has was pulled")
	}
}

func TestAPaceHoldsAPullUpAndEndsIt(t *testing.T) {
	b := newBed(t)
	var mu sync.Mutex
	taken := 0
	pace := func(_ context.Context, bytes int) error {
		mu.Lock()
		defer mu.Unlock()
		if bytes > maxPaced {
			t.Errorf("%d bytes at once", bytes)
		}
		taken += bytes
		return nil
	}
	if err := b.Pull(t.Context(), Request{Image: b.image, Pace: pace}, func(Event) {}); err != nil {
		t.Fatal(err)
	}
	if taken < layers*layerSize {
		t.Errorf("the pace heard of %d bytes of %d", taken, layers*layerSize)
	}
	stop, cancel := context.WithCancel(t.Context())
	b2 := newBed(t)
	err := b2.Pull(stop, Request{Image: b2.image, Pace: func(ctx context.Context, _ int) error { cancel(); return ctx.Err() }}, func(Event) {})
	if err == nil {
		t.Error("it went on")
	}
}

func TestSeveralPlatformsArePulled(t *testing.T) {
	b := newBed(t)
	if err := b.Pull(t.Context(), Request{Image: b.image, Platforms: []string{"linux/amd64", "linux/arm64"}}, func(Event) {}); err != nil {
		t.Fatal(err)
	}
	if got := b.origin.Load(); got != 2*(layers+1) {
		t.Errorf("%d blobs came; want those of two platforms", got)
	}
	if err := (Request{Image: "a", Platforms: []string{"no/such/thing/at all"}}).Validate(); err == nil {
		t.Error("a platform that makes no sense was taken")
	}
}
