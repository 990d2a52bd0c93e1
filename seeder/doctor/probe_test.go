package doctor

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/opencontainers/go-digest"
)

func TestTheProbeIsServedAndNothingElse(t *testing.T) {
	p := NewProbe("n1")
	h := p.Before(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	ask := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, http.NoBody))
		return w
	}
	base := "/v2/" + repository
	for d, b := range p.bytes {
		if w := ask(http.MethodGet, base+"/blobs/"+d.String()+"?ns=x"); w.Code != http.StatusOK || digest.FromBytes(w.Body.Bytes()) != d {
			t.Errorf("%s: %d %q", d, w.Code, w.Body)
		}
		if w := ask(http.MethodHead, base+"/manifests/"+d.String()); w.Code != http.StatusOK || w.Body.Len() > 0 || w.Header().Get("Docker-Content-Digest") != d.String() || len(b) == 0 {
			t.Errorf("HEAD %s: %d %v", d, w.Code, w.Header())
		}
	}
	own := p.identity.Image.String()
	for _, path := range []string{"/", "/v2/", base + "/manifests/latest", base + "/tags/" + own, "/v2/other/blobs/" + own, base + "/blobs/" + digest.FromString("").String()} {
		if w := ask(http.MethodGet, path); w.Code != http.StatusTeapot {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := ask(http.MethodPut, base+"/manifests/"+own); w.Code != http.StatusTeapot {
		t.Errorf("PUT: %d", w.Code)
	}
}

func TestEveryRunHasAProbeOfItsOwn(t *testing.T) {
	if a, b := NewProbe("n1"), NewProbe("n1"); a.identity == b.identity {
		t.Error("two runs of one node can't be told apart")
	}
}
