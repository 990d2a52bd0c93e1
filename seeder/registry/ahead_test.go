package registry

import (
	"io"
	"net/http"
	"testing"

	"github.com/drayproject/dray/seeder/fetcher"
)

// What somebody else would send a little later comes only from a node that sends
// nothing to anybody.
func TestOnlyAnIdleNodeSendsAhead(t *testing.T) {
	b := newBed(t)
	p := b.peer()
	d := b.put([]byte("complete"))
	ahead := func() *http.Response {
		return ask(p, "GET", blobPath(d), fetcher.AheadHeader, "1", "Range", "bytes=2-4")
	}
	if res := ahead(); res.StatusCode != http.StatusPartialContent || string(bodyOf(res)) != "mpl" {
		t.Fatalf("idle: %d", res.StatusCode)
	}
	g := b.grow(t, 1<<20) // its reader stays until the rest comes
	first := g.get(b.listen(p))
	defer first.Body.Close()
	if _, err := io.CopyN(io.Discard, first.Body, 1); err != nil {
		t.Fatal(err)
	}
	if res := ahead(); res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("busy: %d", res.StatusCode)
	}
	if res := ask(p, "GET", blobPath(d)); res.StatusCode != http.StatusOK {
		t.Errorf("one that asks for it now: %d", res.StatusCode)
	}
}
