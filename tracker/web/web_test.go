package web

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func ask(path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	mux, site := http.NewServeMux(), New()
	for _, page := range Pages {
		mux.Handle(page, site)
	}
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

func TestEveryFileIsServedWithItsTypeAndThePolicy(t *testing.T) {
	for name, f := range New().files {
		w := ask(under + name)
		if w.Code != http.StatusOK || w.Body.String() != string(f.body) {
			t.Errorf("%s: %d", name, w.Code)
		}
		if h := w.Header(); f.kind == "" || h.Get("Content-Type") != f.kind || h.Get("Content-Security-Policy") != policy || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", name, h)
		}
	}
}

func TestTheRootIsThePage(t *testing.T) {
	if w := ask("/"); w.Code != http.StatusOK || !strings.HasPrefix(w.Body.String(), "<!doctype html>") {
		t.Fatalf("%d %.40s", w.Code, w.Body)
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	for _, path := range []string{"/ui/", "/ui/none.js", "/ui/pages", "/ui/..%2fweb.go", "/web.go"} {
		if w := ask(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestWhatHasNotChangedIsNotSentAgain(t *testing.T) {
	tag := ask("/ui/app.js").Header().Get("ETag")
	if w := ask("/ui/app.js", func(r *http.Request) { r.Header.Set("If-None-Match", tag) }); w.Code != http.StatusNotModified {
		t.Fatalf("%d", w.Code)
	}
}

// The policy stops these in a browser; here they are found before.
func TestTheFilesKeepToThePolicy(t *testing.T) {
	forbidden := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|<style|\sstyle=|\son[a-z]+="|javascript:|@import|url\(`)
	elsewhere := regexp.MustCompile(`(https?:)?//[a-z0-9.-]+\.[a-z]{2,}`)
	script := regexp.MustCompile(`(?s)<script[^>]*>(.*?)</script>`)
	for name, f := range New().files {
		text := strings.ReplaceAll(string(f.body), "http://www.w3.org/2000/svg", "") // a name, no address
		for _, re := range []*regexp.Regexp{forbidden, elsewhere} {
			if found := re.FindString(text); found != "" {
				t.Errorf("%s has %q", name, found)
			}
		}
		for _, inline := range script.FindAllStringSubmatch(text, -1) {
			if inline[1] != "" {
				t.Errorf("%s has a script in it", name)
			}
		}
	}
}

func TestEveryImportIsThere(t *testing.T) {
	imports := regexp.MustCompile(`from '(\.\.?)/([a-z/]+\.js)'`)
	files := New().files
	for name, f := range files {
		for _, m := range imports.FindAllStringSubmatch(string(f.body), -1) {
			target := m[2]
			if m[1] == "." && strings.HasPrefix(name, "pages/") {
				target = "pages/" + target
			}
			if _, found := files[target]; !found {
				t.Errorf("%s imports %s, which is not there", name, target)
			}
		}
	}
}
