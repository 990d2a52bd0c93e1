package chain

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/opencontainers/go-digest"
)

var algorithms = []digest.Algorithm{digest.SHA256, digest.SHA384, digest.SHA512}

var sizes = []int64{0, 1, Piece - 1, Piece, Piece + 1, 2*Piece - 63, 2 * Piece, 5*Piece + 17}

func random(size int64) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(data)
	return data
}

// made is the chain of data, made by reading it once.
func made(t testing.TB, a digest.Algorithm, data []byte) *Chain {
	t.Helper()
	c, err := New(a.FromBytes(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.hash(t.Context(), bytes.NewReader(data), a.Hash()); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestALinkIsWhereTheHashIs(t *testing.T) {
	for _, a := range algorithms {
		for _, size := range sizes {
			t.Run(fmt.Sprint(a, " ", size), func(t *testing.T) {
				data := random(size)
				c := made(t, a, data)
				if over, met := c.Met(); !over || !met {
					t.Errorf("over %v, met %v", over, met)
				}
				if c.Link(Len(size)) != nil || c.Link(-1) != nil {
					t.Error("it has more links than pieces")
				}
				for i := range Len(size) {
					checkLink(t, a, data, c, i)
				}
			})
		}
	}
}

// checkLink goes on from a link, and must come to the digest.
func checkLink(t *testing.T, a digest.Algorithm, data []byte, c *Chain, i int) {
	t.Helper()
	at := int64(i+1) * Piece
	h := a.Hash()
	_, _ = h.Write([]byte("something else"))
	if err := Restore(h, c.Link(i), at); err != nil {
		t.Fatal(err)
	}
	if again := Append(nil, h, c.width); !bytes.Equal(again, c.Link(i)) {
		t.Errorf("link %d is another one after it was restored", i)
	}
	_, _ = h.Write(data[at:])
	if got := digest.NewDigest(a, h); got != c.digest {
		t.Errorf("from link %d on the digest is %s", i, got)
	}
}

func TestAHashGoesBackToItsBeginning(t *testing.T) {
	for _, a := range algorithms {
		h := a.Hash()
		_, _ = h.Write([]byte("something else"))
		if err := Restore(h, nil, 0); err != nil || digest.NewDigest(a, h) != a.FromString("") {
			t.Errorf("%s: %v", a, err)
		}
		if err := Restore(h, make([]byte, 5), Piece); err == nil {
			t.Errorf("%s takes any link", a)
		}
	}
}

func TestAWrongBitChangesAllLinksFromItsPieceOn(t *testing.T) {
	data := random(4 * Piece)
	right := made(t, digest.SHA256, data)
	data[2*Piece+5] ^= 1
	wrong := made(t, digest.SHA256, data)
	for i, same := range []bool{true, true, false, false} {
		if bytes.Equal(right.Link(i), wrong.Link(i)) != same {
			t.Errorf("link %d: the same is %v", i, !same)
		}
	}
}

func TestWhatHasNoChain(t *testing.T) {
	for d, size := range map[digest.Digest]int64{
		"sha256:12":                         Piece,
		digest.FromString("large"):          MaxSize + 1,
		digest.FromString("of unknown end"): -1,
	} {
		if _, err := New(d, size); err == nil {
			t.Errorf("%s of %d bytes has a chain", d, size)
		}
	}
	d := digest.FromString("a")
	if _, err := Made(d, 2*Piece, make([]byte, 32)); err == nil {
		t.Error("a link too few")
	}
	if c, err := Made(d, 2*Piece, make([]byte, 64)); err != nil || c.Link(1) == nil {
		t.Error("as many links as there must be", err)
	}
}

// BenchmarkHash is what links cost, beside the hash itself.
func BenchmarkHash(b *testing.B) {
	data := random(16 * Piece)
	d, size := digest.FromBytes(data), int64(len(data))
	b.Run("with links", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			c, err := New(d, size)
			if err != nil {
				b.Fatal(err)
			}
			if err := c.hash(b.Context(), bytes.NewReader(data), digest.SHA256.Hash()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("without", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			h := digest.SHA256.Hash()
			_, _ = io.Copy(h, bytes.NewReader(data))
		}
	})
}
