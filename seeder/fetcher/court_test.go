package fetcher

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/chain"
	"github.com/drayproject/dray/shared/trackerapi"
)

const chainSize = 3<<20 + 17 // bytes: twelve pieces, and a bit

// wire is what a holder of data sends who is asked for the chain of d.
func wire(t testing.TB, d digest.Digest, data []byte) []byte {
	t.Helper()
	h := d.Algorithm().Hash()
	var all []byte
	for piece := range slices.Chunk(data, chain.Piece) {
		_, _ = h.Write(piece)
		if len(piece) == chain.Piece {
			all = chain.Append(all, h, chain.Width(d.Algorithm()))
		}
	}
	return h.Sum(all)
}

// vouching answers with links who asks for a chain, and everybody else as h does.
func vouching(links []byte, h http.HandlerFunc) http.HandlerFunc {
	return asking(good(links), h)
}

// asking answers who asks for a chain as testify does.
func asking(testify, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := chain.Asked(r.URL.Path); ok {
			testify(w, r)
			return
		}
		h(w, r)
	}
}

// court is a world with a first peer, and others whose blobs can be had only when
// that one has been left: no hedge can spoil the order of things. b is the witness.
type court struct {
	*world
	data    []byte
	d       digest.Digest
	kept    []*chain.Chain
	spoiled chan struct{} // closed when a spoiled one has been left
}

func newCourt(t *testing.T, first []byte, others ...func(c *court, then http.HandlerFunc) http.HandlerFunc) *court {
	t.Helper()
	c := &court{spoiled: make(chan struct{})}
	c.data, c.d = blob(chainSize)
	if first == nil {
		first = c.data
	}
	cfg := Config{ChainWait: long, SlowPiece: long, Sources: 1, Chained: func(made *chain.Chain) { c.kept = append(c.kept, made) }}
	c.world = newWorld(t, cfg)
	left := make(chan struct{})
	leave := sync.OnceFunc(func() { close(left) })
	peers := []trackerapi.Holder{serve(t, "a", func(w http.ResponseWriter, r *http.Request) {
		defer leave()
		good(first)(w, r)
	})}
	for i, other := range others {
		peers = append(peers, serve(t, string(rune('b'+i)), chainsFirst(left, other(c, good(c.data)))))
	}
	c.setHandout(peers...)
	for _, p := range peers {
		c.unhedged(p)
	}
	return c
}

// unhedged has a peer be known to take long for its first byte, so that nobody else
// is asked in the meantime.
func (w *world) unhedged(p trackerapi.Holder) {
	for range learnedAt {
		w.peers.get(p.Addr).answered(long)
	}
}

// chainsFirst holds blobs back until something has happened; chains come at once.
func chainsFirst(happened <-chan struct{}, h http.HandlerFunc) http.HandlerFunc {
	return asking(h, after(happened, h))
}

type other = func(*court, http.HandlerFunc) http.HandlerFunc

// honest has the content, and its chain.
func honest(c *court, then http.HandlerFunc) http.HandlerFunc {
	return vouching(wire(c.t, c.d, c.data), then)
}

// plain has the content and no chain.
func plain(_ *court, then http.HandlerFunc) http.HandlerFunc {
	return asking(http.NotFound, then)
}

// late has another's chain at once, and its content when the spoiled one has been left.
func late(before other) other {
	return func(c *court, then http.HandlerFunc) http.HandlerFunc { return before(c, after(c.spoiled, then)) }
}

// dead has neither.
func dead(_ *court, _ http.HandlerFunc) http.HandlerFunc { return asking(http.NotFound, hangUp(true)) }

// spoiled has other bytes, and an honest chain of them.
func spoiled(at ...int) other {
	return func(c *court, _ http.HandlerFunc) http.HandlerFunc {
		data := wrongAt(c.data, at...)
		leave := sync.OnceFunc(func() { close(c.spoiled) })
		return vouching(wire(c.t, c.d, data), func(w http.ResponseWriter, r *http.Request) {
			defer leave()
			good(data)(w, r)
		})
	}
}

// testifying has the content, and answers who asks for its chain with part of it.
func testifying(spoil func(links []byte) []byte) other {
	return func(c *court, then http.HandlerFunc) http.HandlerFunc {
		links := wire(c.t, c.d, c.data)
		return asking(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(links)))
			_, _ = w.Write(spoil(bytes.Clone(links)))
		}, then)
	}
}

// slowlySpoiled has other bytes, and does not get to the end of their chain.
func slowlySpoiled(at int) other {
	return func(c *court, _ http.HandlerFunc) http.HandlerFunc {
		data := wrongAt(c.data, at)
		links := wire(c.t, c.d, data)
		return asking(stopping(links, 320, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), good(data))
	}
}

// slowlySpoiledAndDead is the same, without the content.
func slowlySpoiledAndDead(at int) other {
	return func(c *court, then http.HandlerFunc) http.HandlerFunc {
		return asking(slowlySpoiled(at)(c, then), hangUp(true))
	}
}

func wrongAt(data []byte, at ...int) []byte {
	for _, i := range at {
		data = flipped(data, i)
	}
	return data
}

// wantKept wants the true chain of the blob to have been handed over.
func (c *court) wantKept() {
	c.t.Helper()
	if len(c.kept) != 1 {
		c.t.Fatalf("%d chains were made", len(c.kept))
	}
	var got bytes.Buffer
	if err := c.kept[0].Send(c.t.Context(), &got, func() {}); err != nil || !bytes.Equal(got.Bytes(), wire(c.t, c.d, c.data)) {
		c.t.Errorf("the chain that was made is not that of the blob: %v", err)
	}
}

// wantWhole wants all of the blob, and a source for each byte of it.
func (c *court) wantWhole() {
	c.t.Helper()
	sent := int64(0)
	for _, s := range c.wantBlob(c.d, c.data) {
		sent += s.Bytes
	}
	if sent != chainSize {
		c.t.Errorf("%d bytes of %d have a source", sent, chainSize)
	}
}
