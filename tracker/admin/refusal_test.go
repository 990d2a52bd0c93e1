package admin

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/drayproject/dray/tracker/roster"
)

// wantProblem checks that an answer is an error of the one form.
func wantProblem(t *testing.T, w *httptest.ResponseRecorder, status int, place string) {
	t.Helper()
	var p huma.ErrorModel
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%d %q is no problem: %v", w.Code, w.Body, err)
	}
	if w.Code != status || p.Status != status || p.Title == "" || p.Detail == "" {
		t.Errorf("%d %+v; want status %d", w.Code, p, status)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	var places []string
	for _, e := range p.Errors {
		places = append(places, e.Location)
	}
	if place != "" && (len(places) == 0 || !strings.HasPrefix(places[0], place)) {
		t.Errorf("wrong are %v; want %s", places, place)
	}
}

func TestWhatIsRefused(t *testing.T) {
	b := newBed(t, nil)
	b.add("n", "z", dgs(1))
	long := strings.Repeat("x", 3000)
	other := cursorTo("images", "x")
	unknown := string(dg(99))
	for _, c := range []struct {
		method, path string
		status       int
		place        string
	}{
		{"GET", "/nodes/nobody", 404, "path.name"},
		{"GET", "/nodes/nobody/digests", 404, "path.name"},
		{"POST", "/nodes/nobody/drain", 404, ""},
		{"POST", "/nodes/nobody/undrain", 404, ""},
		{"GET", "/nodes/" + long[:300], 422, "path.name"},
		{"GET", "/digests/" + unknown, 404, "path.digest"},
		{"GET", "/digests/" + unknown + "/holders", 404, "path.digest"},
		{"GET", "/digests/" + unknown + "/swarm", 404, "path.digest"},
		{"GET", "/digests/sha256:abc", 422, "path.digest"},
		{"GET", "/digests/sha256:" + strings.Repeat("Z", 64), 422, "path.digest"},
		{"GET", "/digests/md5:" + strings.Repeat("0", 32), 422, "path.digest"},
		{"GET", "/digests/..%2f..%2fetc", 422, "path.digest"},
		{"GET", "/digests/nonsense/holders", 422, "path.digest"},
		{"GET", "/images/nothing:1", 404, "path.name"},
		{"GET", "/nodes?limit=0", 422, "query.limit"},
		{"GET", "/nodes?limit=1001", 422, "query.limit"},
		{"GET", "/nodes?limit=many", 422, "query.limit"},
		{"GET", "/nodes?limit=-1", 422, "query.limit"},
		{"GET", "/nodes?limit=99999999999999999999", 422, "query.limit"},
		{"GET", "/nodes?cursor=" + other, 422, "query.cursor"},
		{"GET", "/nodes?cursor=%00", 422, "query.cursor"},
		{"GET", "/nodes?cursor=" + long, 422, "query.cursor"},
		{"GET", "/nodes?cursor=" + cursorTo("nodes", ""), 422, "query.cursor"},
		{"GET", "/verdicts?cursor=" + cursorTo("verdicts", "x"), 422, "query.cursor"},
		{"GET", "/verdicts?cursor=" + cursorTo("verdicts", "0"), 422, "query.cursor"},
		{"GET", "/pulls?cursor=" + other, 422, "query.cursor"},
		{"GET", "/at-risk?cursor=" + other, 422, "query.cursor"},
		{"GET", "/nodes?state=happy", 422, "query.state"},
		{"GET", "/nodes?state=ready&state=purged", 422, "query.state"},
		{"GET", "/nodes?colour=red", 422, "query.colour"},
		{"GET", "/summary?limit=1", 422, "query.limit"},
		{"GET", "/verdicts?state=happy", 422, "query.state"},
		{"GET", "/pulls?state=running", 422, "query.state"},
		{"GET", "/at-risk?copies=0", 422, "query.copies"},
		{"GET", "/what-if", 422, "query.node"},
		{"GET", "/what-if?node=nobody", 422, "query.node"},
		{"GET", "/what-if?zone=nowhere", 422, "query.zone"},
		{"GET", "/explain?node=n", 422, "query.digest"},
		{"GET", "/explain?digest=" + unknown, 422, "query.node"},
		{"GET", "/explain?node=n&digest=sha256:0", 422, "query.digest"},
		{"GET", "/explain?node=n&limit=17&digest=" + unknown, 422, "query.limit"},
		{"GET", "/events?after=-1", 422, "query.after"},
		{"GET", "/", 404, ""},
		{"GET", "/nothing", 404, ""},
		{"GET", "/nodes/", 404, ""},
		{"GET", "/nodes/n/digests/x", 404, ""},
		{"POST", "/nodes", 405, ""},
		{"DELETE", "/nodes/n", 405, ""},
		{"GET", "/nodes/n/drain", 405, ""},
		{"PATCH", "/summary", 405, ""},
		{"OPTIONS", "/summary", 405, ""},
	} {
		t.Run(c.method+" "+c.path[:min(len(c.path), 60)], func(t *testing.T) {
			wantProblem(t, b.do(httptest.NewRequest(c.method, root+c.path, nil)), c.status, c.place)
		})
	}
	if s := b.Roster.ByName("n").State(); s != roster.Ready {
		t.Errorf("the node is %s", s)
	}
}

func TestAWrongMethodIsToldTheRightOne(t *testing.T) {
	w := newBed(t, nil).do(httptest.NewRequest(http.MethodDelete, root+"/nodes/n/drain", nil))
	if got := w.Header().Get("Allow"); got != http.MethodPost {
		t.Errorf("allowed is %q", got)
	}
}

func TestHugeBodiesAreRefused(t *testing.T) {
	b := newBed(t, nil)
	b.add("n", "", nil)
	huge := strings.Repeat("x", maxBody+1)
	for name, body := range map[string]io.Reader{
		"of known size":   strings.NewReader(huge),
		"of unknown size": io.MultiReader(strings.NewReader(huge)),
	} {
		t.Run(name, func(t *testing.T) {
			wantProblem(t, b.do(httptest.NewRequest(http.MethodPost, root+"/nodes/n/drain", body)), http.StatusRequestEntityTooLarge, "")
		})
	}
	if s := b.Roster.ByName("n").State(); s != roster.Ready {
		t.Errorf("the node is %s", s)
	}
	if w := b.do(httptest.NewRequest(http.MethodPost, root+"/nodes/n/drain", strings.NewReader("{}"))); w.Code != http.StatusOK {
		t.Errorf("with a small body: %d %s", w.Code, w.Body)
	}
}

func TestNothingIsShownOrDoneWithoutTheToken(t *testing.T) {
	const token = "a-token-that-is-right"
	var said bytes.Buffer
	b := newBed(t, func(p *Parts) { p.Token = token })
	b.log = slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b.add("secret-node", "secret-zone", dgs(1))
	paths := []string{"/metrics", root + "/openapi.yaml", root + "/openapi.json", root + "/nothing", "/"}
	for path := range openapi(t, b).Paths {
		paths = append(paths, strings.NewReplacer("{name}", "secret-node", "{digest}", string(dg(1))).Replace(path))
	}
	for _, path := range paths {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			for name, auth := range map[string]string{
				"none": "", "empty": "Bearer ", "wrong": "Bearer b-token-that-is-right", "too long": "Bearer " + token + "x",
				"too short": "Bearer " + token[:5], "bare": token, "another scheme": "Basic " + token,
			} {
				t.Run(method+" "+path+" "+name, func(t *testing.T) {
					r := httptest.NewRequest(method, path, nil)
					r.Header.Set("Authorization", auth)
					w := b.do(r)
					wantProblem(t, w, http.StatusUnauthorized, "")
					if w.Header().Get("WWW-Authenticate") != "Bearer" || strings.Contains(w.Body.String(), "secret") {
						t.Errorf("headers %v, body %s", w.Header(), w.Body)
					}
				})
			}
		}
	}
	if s := b.Roster.ByName("secret-node").State(); s != roster.Ready {
		t.Errorf("the node is %s", s)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if w := b.do(httptest.NewRequest(http.MethodGet, path, nil)); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "nodes") {
			t.Errorf("%s without the token: %d %s", path, w.Code, w.Body)
		}
	}
	for path, want := range map[string]string{"/metrics": "", "/readyz": `"nodes"`, root + "/nodes": "secret-node"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if w := b.do(r); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s with the token: %d %s", path, w.Code, w.Body)
		}
	}
	if strings.Contains(said.String(), "token-that-is-right") || !strings.Contains(said.String(), "refused") {
		t.Errorf("the log says %q", said.String())
	}
}

// openapi reads the document as somebody with the token would.
func openapi(t *testing.T, b *bed) (doc struct{ Paths map[string]any }) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, root+"/openapi.json", nil)
	r.Header.Set("Authorization", "Bearer "+b.Token)
	w := b.do(r)
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || len(doc.Paths) < 15 {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return doc
}

func TestAPageOfAnotherSiteCanNotDrain(t *testing.T) {
	b := newBed(t, nil)
	b.add("n", "", nil)
	r := httptest.NewRequest(http.MethodPost, root+"/nodes/n/drain", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	wantProblem(t, b.do(r), http.StatusForbidden, "")
	if s := b.Roster.ByName("n").State(); s != roster.Ready {
		t.Errorf("the node is %s", s)
	}
}

func TestAPanicIsAnInternalErrorThatGivesNothingAway(t *testing.T) {
	b := newBed(t, func(p *Parts) { p.Flows = nil })
	b.add("n", "", dgs(1))
	w := b.get("/digests/" + string(dg(1)))
	wantProblem(t, w, http.StatusInternalServerError, "")
	if strings.Contains(w.Body.String(), "nil") {
		t.Errorf("it says %s", w.Body)
	}
}

func FuzzRequests(f *testing.F) {
	for _, seed := range []string{"nodes?limit=1", "digests/sha256:0", "images/%2f", "what-if?zone=", "verdicts?cursor=bm9kZXMKeA", "at-risk?copies=1&copies=2"} {
		f.Add(seed)
	}
	b := newBed(f, nil)
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.Parse(root + "/" + target)
		if err != nil || strings.Contains(target, "events") {
			t.Skip()
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL = u
		if w := b.do(r); w.Code >= http.StatusInternalServerError {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}
