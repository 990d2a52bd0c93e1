package imagekit

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Handler is a registry that can only be read: the pull side of the OCI
// distribution API, with ranges, over these images. The keys are their names
// there, with a tag: "library/app:1".
func Handler(images map[string]*Image) http.Handler {
	repos := map[string]repo{}
	for ref, img := range images {
		name, tag, _ := strings.Cut(ref, ":")
		if repos[name] == nil {
			repos[name] = repo{}
		}
		repos[name][tag] = img
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "this registry is read-only", http.StatusMethodNotAllowed)
			return
		}
		path := strings.TrimPrefix(r.URL.Path, "/v2/")
		if path == "" {
			return // the API version check: yes
		}
		if name, ref, ok := cutLast(path, "/manifests/"); ok {
			repos[name].serveDoc(w, r, ref)
		} else if name, ref, ok := cutLast(path, "/blobs/"); ok {
			repos[name].serveBlob(w, r, ref)
		} else {
			http.NotFound(w, r)
		}
	})
}

// repo maps tags to images.
type repo map[string]*Image

func (rp repo) serveDoc(w http.ResponseWriter, r *http.Request, ref string) {
	if img, ok := rp[ref]; ok {
		ref = string(img.Digest)
	}
	h, err := v1.NewHash(ref)
	for _, img := range rp {
		if d, ok := img.docs[h]; ok && err == nil {
			w.Header().Set("Content-Type", string(d.mediaType))
			serve(w, r, h, bytes.NewReader(d.body))
			return
		}
	}
	notFound(w, "MANIFEST_UNKNOWN")
}

func (rp repo) serveBlob(w http.ResponseWriter, r *http.Request, ref string) {
	h, err := v1.NewHash(ref)
	for _, img := range rp {
		if b, ok := img.blobs[h]; ok && err == nil {
			body, err := b.open()
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			defer body.Close()
			w.Header().Set("Content-Type", "application/octet-stream")
			serve(w, r, h, body.(io.ReadSeeker))
			return
		}
	}
	notFound(w, "BLOB_UNKNOWN")
}

func serve(w http.ResponseWriter, r *http.Request, h v1.Hash, body io.ReadSeeker) {
	w.Header().Set("Docker-Content-Digest", h.String())
	http.ServeContent(w, r, "", time.Time{}, body)
}

func notFound(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, `{"errors":[{"code":"`+code+`"}]}`)
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
