package registry

import (
	"io"
	"net/http"
	"testing"
)

func TestWhoComesWhenAllSlotsAreTakenIsTurnedAwayAtOnce(t *testing.T) {
	b := newBed(t)
	p := NewPeer(b.store, b.inventory, b.arriving, b.chains(), Limits{Slots: 1}, quiet, b.metrics)
	g := b.grow(t, 1<<20) // its reader holds the slot until the rest comes
	addr := b.listen(p)
	first := g.get(addr)
	if _, err := io.CopyN(io.Discard, first.Body, 1); err != nil {
		t.Fatal(err)
	}
	d := b.put([]byte("complete"))
	res := ask(p, "GET", blobPath(d))
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Fatalf("status %d, Retry-After %q", res.StatusCode, res.Header.Get("Retry-After"))
	}
	if res := ask(p, "HEAD", blobPath(d)); res.StatusCode != http.StatusOK {
		t.Errorf("HEAD, which sends nothing: %d", res.StatusCode)
	}
	if res := ask(p, "GET", "/v2/"); res.StatusCode != http.StatusOK {
		t.Errorf("a probe: %d; a busy node is not a dead one", res.StatusCode)
	}
	if p.Uploads() != 1 {
		t.Errorf("%d uploads", p.Uploads())
	}
	first.Body.Close()
}
