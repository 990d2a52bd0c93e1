package registry

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/chain"
	"github.com/drayproject/dray/seeder/transfers"
	"github.com/drayproject/dray/shared/trackerapi"
)

func TestAPeerSendsTheChainOfWhatItHas(t *testing.T) {
	p := noise(3<<20 + 5)
	b := newBed(t)
	d := b.put(p)
	side := b.peer()
	for range 2 { // it is made, and then kept
		res := ask(side, "GET", chain.Path(d))
		c, err := chain.New(d, int64(len(p)))
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Length") != fmt.Sprint(c.Wire()) {
			t.Fatalf("got %d, %v", res.StatusCode, res.Header)
		}
		if err := c.Receive(res.Body); err != nil {
			t.Fatal(err)
		}
		if _, met := c.Met(); !met || c.Link(11) == nil {
			t.Error("it is not the chain")
		}
	}
	if res := ask(side, "HEAD", chain.Path(d)); res.StatusCode != http.StatusOK || len(bodyOf(res)) != 0 {
		t.Errorf("HEAD: got %d", res.StatusCode)
	}
}

func TestChainsThatAPeerDoesNotHave(t *testing.T) {
	b := newBed(t)
	wrong, gone := b.put(noise(1<<20)), digest.FromString("gone")
	b.inventory.quarantine(wrong)
	b.inventory.set(gone, true)
	side := b.peer()
	for _, d := range []digest.Digest{wrong, gone} {
		wantError(t, ask(side, "GET", chain.Path(d)), 404, codeBlobUnknown)
	}
	if !slices.Equal(b.inventory.withdrawn, []digest.Digest{gone}) {
		t.Errorf("withdrawn are %v", b.inventory.withdrawn)
	}
	wantError(t, ask(side, "GET", "/chains/sha256:12"), 404, codeUnsupported)
	wantError(t, ask(b.mirror(MirrorConfig{}), "GET", chain.Path(b.put(noise(10)))), 404, codeUnsupported)
}

func TestMakingAChainFindsAFlippedBit(t *testing.T) {
	p := noise(1 << 20)
	b := newBed(t)
	d := b.put(p)
	flip(t, b, d)
	res := ask(b.peer(), "GET", chain.Path(d))
	c, err := chain.New(d, int64(len(p)))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Receive(res.Body); err != nil {
		t.Error(err)
	}
	if _, met := c.Met(); met {
		t.Error("the chain of wrong bytes meets the digest")
	}
	for !b.inventory.Quarantined(d) { // it is told when the chain has ended
		if t.Context().Err() != nil {
			t.Fatal(t.Context().Err())
		}
	}
}

// The neighbour that is asked first has a flipped bit. Another one tells, and a third
// one sends the piece: containerd gets the whole, from the mirror's first answer.
func TestAFlippedBitInOneNeighboursFileIsMended(t *testing.T) {
	p := noise(3 << 20)
	here, bad, second, third := newBed(t), newBed(t), newBed(t), newBed(t)
	d := bad.put(p)
	second.put(p)
	third.put(p)
	flipAt(t, bad, d, len(p)-5)
	m, k := here.real(bad, second, third)
	res, err := http.Get("http://" + here.listen(m) + blobPath(d))
	if err != nil {
		t.Fatal(err)
	}
	wantBytes(t, res, d, http.StatusOK, p)
	res.Body.Close()
	if tr := here.recorded(d); tr.Result != transfers.Peer {
		t.Errorf("recorded %+v", tr)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range k.reports { // none where a slow machine has had another one win
		if r.Kind != trackerapi.KindCorrupt || r.Peer != "n1" {
			t.Errorf("reported %+v", r)
		}
	}
}
