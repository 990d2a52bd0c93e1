package fetcher

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
)

func typed(mediaType string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", mediaType)
		h(w, r)
	}
}

func TestAManifestIsVerifiedAndRemembered(t *testing.T) {
	noLeaks(t)
	data, d := blob(2000)
	var asked atomic.Int64
	var path atomic.Value
	w := newWorld(t, Config{})
	w.setHandout(
		serve(t, "bad", typed("text/bad", good(flipped(data, 0)))),
		serve(t, "good", after(w.accused, typed("application/vnd.oci.image.index.v1+json", counted(&asked, func(rw http.ResponseWriter, r *http.Request) {
			path.Store(r.URL.Path)
			good(data)(rw, r)
		})))))
	for range 3 {
		m, err := w.Manifest(t.Context(), Request{Repository: "library/redis", Digest: d, Length: ToEnd})
		if err != nil || !bytes.Equal(m.Bytes, data) {
			t.Fatalf("%d bytes, %v", len(m.Bytes), err)
		}
		if m.MediaType != "application/vnd.oci.image.index.v1+json" || m.Source != (Source{"good", 2000}) {
			t.Errorf("%q from %v", m.MediaType, m.Source)
		}
	}
	if want := "/v2/library/redis/manifests/" + d.String(); path.Load() != want || asked.Load() != 1 {
		t.Errorf("asked %d times for %v", asked.Load(), path.Load())
	}
	w.wantReports("bad corrupt")
}

func TestAManifestThatIsTooLargeIsNotRead(t *testing.T) {
	data, d := blob(maxManifest + 1)
	w := newWorld(t, Config{}, serve(t, "a", good(data)))
	if _, err := w.Manifest(t.Context(), Request{Repository: "", Digest: d, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
		t.Errorf("got %v", err)
	}
}

func TestTheLargestManifest(t *testing.T) {
	data, d := blob(maxManifest)
	w := newWorld(t, Config{}, serve(t, "a", good(data)))
	if m, err := w.Manifest(t.Context(), Request{Repository: "", Digest: d, Length: ToEnd}); err != nil || !bytes.Equal(m.Bytes, data) {
		t.Errorf("got %d bytes, %v", len(m.Bytes), err)
	}
}

func TestAManifestThatNobodyHas(t *testing.T) {
	_, d := blob(2000)
	w := newWorld(t, Config{}, serve(t, "a", http.NotFound))
	if _, err := w.Manifest(t.Context(), Request{Repository: "", Digest: d, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
		t.Errorf("got %v", err)
	}
	w.wantReports("a miss")
	if _, err := w.Manifest(t.Context(), Request{Repository: "", Digest: "sha256:abc", Length: ToEnd}); err == nil {
		t.Error("a bad digest passes")
	}
}

func TestAnEmptyManifest(t *testing.T) {
	data, d := blob(0)
	w := newWorld(t, Config{}, serve(t, "a", good(data)))
	if m, err := w.Manifest(context.Background(), Request{Repository: "", Digest: d, Length: ToEnd}); err != nil || len(m.Bytes) != 0 {
		t.Errorf("got %v, %v", m, err)
	}
}
