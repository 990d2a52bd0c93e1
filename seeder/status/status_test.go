package status

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/transfers"
	"github.com/drayproject/dray/shared/trackerapi"
)

func serve(t *testing.T, now func(int) Status) (addr string) {
	t.Helper()
	s := httptest.NewServer(Handler(now))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestWhatANodeTellsArrives(t *testing.T) {
	d := digest.FromString("x")
	asked := 0
	addr := serve(t, func(n int) Status {
		asked = n
		return Status{
			Node: "n1", Ready: true, Trackers: 2,
			Arriving: []trackerapi.Ingest{{Digest: d, Offset: 5, Size: 10, Parent: "n2"}},
			Recent:   []transfers.Transfer{{Digest: d, Result: transfers.Peer, Sources: []transfers.Source{{Node: "n3", Bytes: 7}}}},
		}
	})
	s, err := Ask(t.Context(), addr, 7)
	if err != nil {
		t.Fatal(err)
	}
	if asked != 7 || s.Node != "n1" || s.Trackers != 2 || s.Arriving[0].Parent != "n2" || s.Recent[0].Sources[0].Node != "n3" {
		t.Errorf("asked for %d, got %+v", asked, s)
	}
}

func TestListsAreNeverNull(t *testing.T) {
	addr := serve(t, func(int) Status { return Status{Recent: []transfers.Transfer{}} })
	res, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || strings.Contains(string(body), "null") {
		t.Errorf("%s, %v", body, err)
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	h := Handler(func(int) Status { t.Error("it was answered"); return Status{} })
	for _, c := range []struct {
		method, query string
		want          int
	}{
		{http.MethodPost, "", http.StatusMethodNotAllowed},
		{http.MethodGet, "?recent=many", http.StatusBadRequest},
		{http.MethodGet, "?recent=-1", http.StatusBadRequest},
		{http.MethodGet, "?recent=1001", http.StatusBadRequest},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(c.method, Path+c.query, http.NoBody))
		if w.Code != c.want {
			t.Errorf("%s %s: %d", c.method, c.query, w.Code)
		}
	}
}

func TestASeederThatIsNotThereIsNamed(t *testing.T) {
	if _, err := Ask(t.Context(), "127.0.0.1:1", 1); err == nil || !strings.Contains(err.Error(), "is a seeder running?") {
		t.Error(err)
	}
}
