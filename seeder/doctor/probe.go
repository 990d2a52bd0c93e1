package doctor

import (
	"archive/tar"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"runtime"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// The paths that a running seeder answers for its doctor.
const (
	identityPath = "/dray/v1/doctor"
	repository   = "dray/doctor"
)

// Probe is an image of a few hundred bytes that exists nowhere but in this run
// of this seeder: who gets it, got it from here. Nothing of it is on disk until
// containerd pulls it.
type Probe struct {
	identity identity
	parts    map[digest.Digest]ocispec.Descriptor
	bytes    map[digest.Digest][]byte
}

// identity tells one run of a seeder from every other.
type identity struct {
	Node  string        `json:"node"`
	Image digest.Digest `json:"image"` // the probe's manifest
}

// NewProbe makes one for a run of the node's seeder.
func NewProbe(node string) *Probe {
	p := &Probe{parts: map[digest.Digest]ocispec.Descriptor{}, bytes: map[digest.Digest][]byte{}}
	layer := p.add(ocispec.MediaTypeImageLayer, archive("dray-doctor", rand.Text()))
	config := p.addJSON(ocispec.MediaTypeImageConfig, ocispec.Image{
		Platform: ocispec.Platform{OS: runtime.GOOS, Architecture: runtime.GOARCH},
		RootFS:   ocispec.RootFS{Type: "layers", DiffIDs: []digest.Digest{layer.Digest}},
	})
	manifest := p.addJSON(ocispec.MediaTypeImageManifest, ocispec.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageManifest,
		Config:    config,
		Layers:    []ocispec.Descriptor{layer},
	})
	p.identity = identity{Node: node, Image: manifest.Digest}
	return p
}

func (p *Probe) add(mediaType string, b []byte) ocispec.Descriptor {
	d := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(b), Size: int64(len(b))}
	p.parts[d.Digest], p.bytes[d.Digest] = d, b
	return d
}

// addJSON is for values that can't fail to be encoded.
func (p *Probe) addJSON(mediaType string, v any) ocispec.Descriptor {
	b, _ := json.Marshal(v)
	return p.add(mediaType, b)
}

// archive is a tar archive of one file. Writing to memory does not fail.
func archive(name, text string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o444, Size: int64(len(text))})
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

// Before answers for the probe, and leaves all else to next. It does not wrap
// the ResponseWriter.
func (p *Probe) Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == identityPath {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(p.identity)
			return
		}
		if part, ours := p.part(r); ours {
			p.serve(w, r, part)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// part is what a request for a digest of the probe is about.
func (p *Probe) part(r *http.Request) (part ocispec.Descriptor, ours bool) {
	rest, ours := strings.CutPrefix(r.URL.Path, "/v2/"+repository+"/")
	kind, d, _ := strings.Cut(rest, "/")
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if !ours || !reads || kind != "manifests" && kind != "blobs" {
		return part, false
	}
	part, ours = p.parts[digest.Digest(d)]
	return part, ours
}

func (p *Probe) serve(w http.ResponseWriter, r *http.Request, part ocispec.Descriptor) {
	h := w.Header()
	h.Set("Content-Type", part.MediaType)
	h.Set("Content-Length", strconv.FormatInt(part.Size, 10))
	h.Set("Docker-Content-Digest", part.Digest.String())
	if r.Method == http.MethodGet {
		_, _ = w.Write(p.bytes[part.Digest])
	}
}
