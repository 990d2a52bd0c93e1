package puller

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// shelf is a registry that serves whatever is put on it under its digest, and
// the last thing put there under any tag.
type shelf struct {
	content map[string]string
	types   map[string]string
	last    string
}

func (s *shelf) put(mediaType, body string) digest.Digest {
	d := digest.FromString(body)
	s.content[d.String()], s.types[d.String()], s.last = body, mediaType, d.String()
	return d
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ref := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	if !strings.Contains(ref, ":") {
		ref = s.last
	}
	body, ok := s.content[ref]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", s.types[ref])
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	w.Header().Set("Docker-Content-Digest", ref)
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(w, body)
	}
}

func TestMalformedImagesAreRefused(t *testing.T) {
	const (
		manifest = ocispec.MediaTypeImageManifest
		config   = `{"mediaType":"` + ocispec.MediaTypeImageConfig + `","size":2,"digest":"%s"}`
		layer    = `{"mediaType":"` + ocispec.MediaTypeImageLayerGzip + `","size":%d,"digest":"%s"}`
	)
	image := func(s *shelf, layerSize int, layerDigest string) {
		c := s.put(ocispec.MediaTypeImageConfig, "{}")
		s.put(manifest, fmt.Sprintf(`{"schemaVersion":2,"mediaType":"`+manifest+`","config":`+config+`,"layers":[`+layer+`]}`,
			c, layerSize, layerDigest))
	}
	present := func(s *shelf) string { return s.put("", "0123456789").String() }
	for name, fill := range map[string]func(*shelf){
		"the manifest is no JSON":         func(s *shelf) { s.put(manifest, "<html>") },
		"the manifest is null":            func(s *shelf) { s.put(manifest, "null") },
		"the manifest is empty":           func(s *shelf) { s.put(manifest, "") },
		"it is both manifest and index":   func(s *shelf) { s.put(manifest, `{"schemaVersion":2,"manifests":[],"layers":[]}`) },
		"schema 1":                        func(s *shelf) { s.put("application/vnd.docker.distribution.manifest.v1+prettyjws", "{}") },
		"the manifest is huge":            func(s *shelf) { s.put(manifest, `{"schemaVersion":2}`+strings.Repeat(" ", maxManifest)) },
		"a digest is no digest":           func(s *shelf) { image(s, 10, "sha256:../../etc") },
		"a digest's algorithm is unknown": func(s *shelf) { image(s, 10, "md5:d41d8cd98f00b204e9800998ecf8427e") },
		"a layer is not there":            func(s *shelf) { image(s, 10, digest.FromString("nowhere").String()) },
		"a layer is shorter than stated":  func(s *shelf) { image(s, 11, present(s)) },
		"a layer is longer than stated":   func(s *shelf) { image(s, 9, present(s)) },
		"a layer has no size":             func(s *shelf) { image(s, 0, present(s)) },
		"a layer has less than no size":   func(s *shelf) { image(s, -1, present(s)) },
		"no manifest in the index": func(s *shelf) {
			s.put(ocispec.MediaTypeImageIndex, `{"schemaVersion":2,"manifests":[]}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			s := &shelf{content: map[string]string{}, types: map[string]string{}}
			fill(s)
			b.registry.Close()
			b.registry = httptest.NewServer(s)
			defer b.registry.Close()
			b.image = strings.TrimPrefix(b.registry.URL, "http://") + "/bad:1"
			if _, err := b.pull(t, Request{}); err == nil {
				t.Error("the pull succeeded")
			} else {
				t.Log(err)
			}
			b.wantNoImage(t)
			b.wantNoPoison(t)
		})
	}
}

func TestALayerWhoseURLsPointElsewhereIsNotFetchedThere(t *testing.T) {
	b := newBed(t)
	var trapped bool
	trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { trapped = true }))
	defer trap.Close()
	s := &shelf{content: map[string]string{}, types: map[string]string{}}
	c := s.put(ocispec.MediaTypeImageConfig, "{}")
	s.put(ocispec.MediaTypeImageManifest, fmt.Sprintf(
		`{"schemaVersion":2,"config":{"mediaType":%q,"size":2,"digest":%q},"layers":[{"mediaType":%q,"size":5,"digest":%q,"urls":[%q]}]}`,
		ocispec.MediaTypeImageConfig, c, ocispec.MediaTypeImageLayerGzip, digest.FromString("outside"), trap.URL))
	server := httptest.NewServer(s)
	defer server.Close()
	if _, err := b.pull(t, Request{Image: strings.TrimPrefix(server.URL, "http://") + "/bad:1"}); err == nil {
		t.Error("the pull succeeded")
	}
	if trapped {
		t.Error("a URL from the manifest was asked")
	}
}
