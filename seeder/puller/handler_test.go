package puller

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// seeder serves the bed's puller over HTTP and gives its address.
func (b *bed) seeder(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(b.Puller)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func TestAPullOverHTTP(t *testing.T) {
	b := newBed(t)
	var last Event
	err := Ask(t.Context(), b.seeder(t), Request{Image: b.image, Platform: "linux/amd64"}, func(e Event) { last = e })
	if err != nil {
		t.Fatal(err)
	}
	b.wantImage(t)
	if last.Type != Done || last.Image != b.image || len(last.Totals.Sources) != 1 {
		t.Errorf("the last event is %+v", last)
	}
}

func TestAFailedPullOverHTTPSaysWhy(t *testing.T) {
	b := newBed(t)
	b.registry.Close()
	err := Ask(t.Context(), b.seeder(t), Request{Image: b.image}, func(Event) {})
	if err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
}

func TestAPullEndsWhenItsClientGoesAway(t *testing.T) {
	b := newBed(t)
	gone := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	b.setMirror(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done() // ends when the puller gives up its request
		close(gone)
	})
	if err := Ask(ctx, b.seeder(t), Request{Image: b.image}, func(Event) {}); err == nil {
		t.Error("the pull succeeded")
	}
	select {
	case <-gone:
	case <-time.After(20 * time.Second):
		t.Error("the pull went on")
	}
}

func TestBadPullRequestsAreRefused(t *testing.T) {
	addr := newBed(t).seeder(t)
	const good = `{"image":"redis:7"}`
	for _, c := range []struct {
		name, method, contentType, body string
		want                            int
	}{
		{"not a POST", http.MethodGet, "application/json", good, http.StatusMethodNotAllowed},
		{"a form, as a web page could send it", http.MethodPost, "text/plain", good, http.StatusUnsupportedMediaType},
		{"no JSON", http.MethodPost, "application/json", "image=redis", http.StatusBadRequest},
		{"no body", http.MethodPost, "application/json", "", http.StatusBadRequest},
		{"no image", http.MethodPost, "application/json", "{}", http.StatusBadRequest},
		{"a bad image", http.MethodPost, "application/json", `{"image":"../x"}`, http.StatusBadRequest},
		{"a bad platform", http.MethodPost, "application/json", `{"image":"x","platform":"a/b/c/d/e"}`, http.StatusBadRequest},
		{"too large", http.MethodPost, "application/json", `{"image":"` + strings.Repeat("x", maxBody) + `"}`, http.StatusRequestEntityTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), c.method, "http://"+addr+Path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", c.contentType)
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var told struct{ Error string }
			if err := json.NewDecoder(res.Body).Decode(&told); err != nil || told.Error == "" {
				t.Errorf("no reason was given: %v", err)
			}
			if res.StatusCode != c.want {
				t.Errorf("status %d (%s), want %d", res.StatusCode, told.Error, c.want)
			}
		})
	}
}

func TestTooManyPullsAtATimeAreRefused(t *testing.T) {
	b := newBed(t)
	for range maxRequests {
		b.slots <- struct{}{}
	}
	err := Ask(t.Context(), b.seeder(t), Request{Image: b.image}, func(Event) {})
	if err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("got %v", err)
	}
}

func TestAskingSomethingThatIsNoSeeder(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"refuses":          http.NotFound,
		"ends early":       func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"type":"resolved"}`+"\n") },
		"answers nonsense": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>\n") },
		"answers too much": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2*maxLine)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(answer)
			defer s.Close()
			if err := Ask(t.Context(), s.Listener.Addr().String(), Request{Image: "x"}, func(Event) {}); err == nil {
				t.Error("no error")
			}
		})
	}
}

func FuzzReadEvents(f *testing.F) {
	f.Add(`{"type":"blob","blob":{"size":1}}` + "\n\n" + `{"type":"done"}`)
	f.Add(`{"type":"failed","error":"x"}`)
	f.Fuzz(func(t *testing.T, stream string) {
		var last Event
		err := readEvents(strings.NewReader(stream), func(e Event) { last = e })
		if (err == nil) != (last.Type == Done) {
			t.Errorf("last event %q, error %v", last.Type, err)
		}
	})
}
