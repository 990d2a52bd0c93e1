package registry

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"

	"github.com/opencontainers/go-digest"
)

// maxManifest is the size up to which distribution-spec v1.1 wants manifests to
// be taken, and beyond which we take nothing for one.
const maxManifest = 4 << 20

const (
	typeManifest = "application/vnd.oci.image.manifest.v1+json"
	typeIndex    = "application/vnd.oci.image.index.v1+json"
)

// typeGrammar is RFC 6838 §4.2: what may stand in a header as a media type.
var typeGrammar = regexp.MustCompile(`^[a-zA-Z0-9][\w!#$&.+^-]{0,126}/[a-zA-Z0-9][\w!#$&.+^-]{0,126}$`)

var errNoManifest = errors.New("the content is no manifest")

// manifest is a document that names other content.
type manifest struct {
	bytes     []byte
	mediaType string
	// children are what the document leads to: config and layers, or the
	// manifests of an index.
	children []descriptor
}

type descriptor struct {
	Digest digest.Digest `json:"digest"`
	Size   int64         `json:"size"`
}

// parseManifest knows OCI and Docker schema 2 documents. The media type is the
// document's own word where it gives one; OCI makes that optional.
func parseManifest(b []byte) (manifest, error) {
	var doc struct {
		MediaType string       `json:"mediaType"`
		Config    descriptor   `json:"config"`
		Layers    []descriptor `json:"layers"`
		Manifests []descriptor `json:"manifests"`
	}
	if len(b) > maxManifest || json.Unmarshal(b, &doc) != nil {
		return manifest{}, errNoManifest
	}
	m := manifest{bytes: b, mediaType: doc.MediaType}
	inferred, children := typeIndex, doc.Manifests
	if doc.Config.Digest != "" {
		inferred, children = typeManifest, append(doc.Layers, doc.Config)
	} else if doc.Manifests == nil {
		return manifest{}, errNoManifest
	}
	if !typeGrammar.MatchString(m.mediaType) {
		m.mediaType = inferred
	}
	for _, c := range children {
		if c.Digest.Validate() == nil {
			m.children = append(m.children, c)
		}
	}
	return m, nil
}

// serve answers with the document. The digest alone decides what it is, so
// Accept has no say.
func (m manifest) serve(w http.ResponseWriter, r *http.Request, d digest.Digest) (sent int, err error) {
	h := w.Header()
	h.Set("Content-Type", m.mediaType)
	h.Set("Content-Length", strconv.Itoa(len(m.bytes)))
	h.Set("Docker-Content-Digest", d.String())
	h.Set("Etag", etag(d))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return 0, nil
	}
	return w.Write(m.bytes)
}
