package imagekit

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

var small = Spec{Seed: 7, Layers: []int64{0, 1, 100 << 10, 33 << 20}}

func build(t *testing.T, dir string, s Spec) *Image {
	t.Helper()
	img, err := Build(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestImageIsValidAndHasBothPlatforms(t *testing.T) {
	img := build(t, t.TempDir(), small)
	if err := validate.Index(img.index); err != nil {
		t.Fatal(err)
	}
	m, err := img.index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var archs []string
	for _, d := range m.Manifests {
		archs = append(archs, d.Platform.Architecture)
	}
	if got := strings.Join(archs, " "); got != "amd64 arm64" {
		t.Fatalf("platforms: %s", got)
	}
}

func TestLayersHaveTheSizesAskedFor(t *testing.T) {
	layers := build(t, t.TempDir(), small).Layers()
	if len(layers) != len(small.Layers) {
		t.Fatalf("%d layers; want %d", len(layers), len(small.Layers))
	}
	for i, want := range small.Layers {
		if got := layers[i].Size; got < want || got > want+want/500+4096 {
			t.Errorf("layer %d has %d bytes; want about %d", i, got, want)
		}
	}
}

func TestLayersDoNotCompress(t *testing.T) {
	dir := t.TempDir()
	l, err := openLayer(dir+"/x", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var n counter
	z, _ := gzip.NewWriterLevel(&n, gzip.BestCompression)
	if _, err := io.Copy(z, r); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	if n < 1<<20 {
		t.Fatalf("1 MiB compresses to %d bytes", n)
	}
}

func TestSameSpecGivesSameDigests(t *testing.T) {
	dir := t.TempDir()
	first := build(t, dir, small).Digest
	if cached := build(t, dir, small).Digest; cached != first {
		t.Errorf("from the cache: %s; want %s", cached, first)
	}
	if elsewhere := build(t, t.TempDir(), small).Digest; elsewhere != first {
		t.Errorf("made again: %s; want %s", elsewhere, first)
	}
	other := small
	other.Seed++
	if build(t, dir, other).Digest == first {
		t.Error("another seed gives the same image")
	}
}

// A digest written down: it changes only with a reason, since benchmarks of
// different days want the same bytes.
func TestDigestsAreTheSameOnEveryMachine(t *testing.T) {
	l, err := openLayer(t.TempDir()+"/fixed", 1000)
	if err != nil {
		t.Fatal(err)
	}
	const want = "5c35ecd0afa12593de9aeb4186b99fec48b98752c9570643d31cd1f80de55683"
	if got := l.BlobDigest.Hex; got != want {
		t.Fatalf("digest %s; want %s", got, want)
	}
}

func TestTruncatedCacheIsMadeAgain(t *testing.T) {
	path := t.TempDir() + "/x"
	l, err := openLayer(path, 5000)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	again, err := openLayer(path, 5000)
	if err != nil || again.facts != l.facts {
		t.Fatalf("got %+v, %v; want %+v", again.facts, err, l.facts)
	}
	if st, _ := os.Stat(path); st.Size() != l.BlobSize {
		t.Fatalf("the file has %d bytes; want %d", st.Size(), l.BlobSize)
	}
}

func TestPushedImageIsWhatARegistryGivesBack(t *testing.T) {
	img := build(t, t.TempDir(), small)
	reg := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer reg.Close()
	ref := strings.TrimPrefix(reg.URL, "http://") + "/app:1"
	if err := img.Push(context.Background(), ref, http.DefaultTransport); err != nil {
		t.Fatal(err)
	}
	pulled(t, ref, img)
}

func TestHandlerServesTheImage(t *testing.T) {
	img := build(t, t.TempDir(), small)
	reg := httptest.NewServer(Handler(map[string]*Image{"library/app:1": img}))
	defer reg.Close()
	pulled(t, strings.TrimPrefix(reg.URL, "http://")+"/library/app:1", img)
}

// pulled fetches the image as a client would, every byte of it.
func pulled(t *testing.T, ref string, want *Image) {
	t.Helper()
	tag, err := name.ParseReference(ref, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(tag)
	if err != nil {
		t.Fatal(err)
	}
	if d, _ := index.Digest(); d.String() != string(want.Digest) {
		t.Fatalf("the tag has digest %s; want %s", d, want.Digest)
	}
	if err := validate.Index(index); err != nil {
		t.Fatal(err)
	}
	m, err := remote.Image(tag, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: runtime.GOARCH}))
	if err != nil {
		t.Fatal(err)
	}
	if layers, err := m.Layers(); err != nil || len(layers) != len(want.Layers()) {
		t.Fatalf("%d layers, %v; want %d", len(layers), err, len(want.Layers()))
	}
}

func TestHandlerRefusesWhatIsNotThere(t *testing.T) {
	img := build(t, t.TempDir(), Spec{Layers: []int64{10}})
	h := Handler(map[string]*Image{"app:1": img})
	layer := img.Layers()[0].Digest
	for _, c := range []struct {
		method, path, ranges string
		want                 int
	}{
		{"GET", "/v2/", "", 200},
		{"HEAD", "/v2/app/manifests/1", "", 200},
		{"GET", "/v2/app/manifests/" + string(img.Digest), "", 200},
		{"GET", "/v2/app/blobs/" + string(layer), "bytes=5-", 206},
		{"GET", "/v2/app/blobs/" + string(layer), "bytes=999999-", 416},
		{"GET", "/v2/app/manifests/2", "", 404},
		{"GET", "/v2/other/manifests/1", "", 404},
		{"GET", "/v2/other/blobs/" + string(layer), "", 404},
		{"GET", "/v2/app/blobs/sha256:no", "", 404},
		{"GET", "/v2/app/blobs/" + string(img.Digest), "", 404},
		{"GET", "/", "", 404},
		{"PUT", "/v2/app/manifests/1", "", 405},
	} {
		r := httptest.NewRequest(c.method, c.path, nil)
		if c.ranges != "" {
			r.Header.Set("Range", c.ranges)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s %s %s: %d; want %d", c.method, c.path, c.ranges, w.Code, c.want)
		}
	}
}

func TestBuildSaysWhenTheFolderIsUnusable(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var pe *os.PathError
	if _, err := Build(file+"/dir", small); !errors.As(err, &pe) {
		t.Fatalf("got %v; want a path error", err)
	}
}
