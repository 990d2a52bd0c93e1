package index

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/opencontainers/go-digest"
)

func FuzzPackedRoundTrip(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		numbers := roaring.New()
		for ; len(data) >= 4; data = data[4:] {
			numbers.Add(binary.LittleEndian.Uint32(data))
		}
		p := pack(numbers)
		if got := slices.Collect(p.all()); !slices.Equal(got, numbers.ToArray()) {
			t.Fatalf("got %v; want %v", got, numbers.ToArray())
		}
		if !p.unpack().Equals(numbers) {
			t.Fatalf("got %v; want %v", p.unpack(), numbers)
		}
		for n := range numbers.Iterate {
			if !p.contains(n) || p.contains(n+1) != numbers.Contains(n+1) {
				t.Fatalf("%d or the next is wrong in %v", n, numbers)
			}
		}
	})
}

func FuzzKeyRoundTrip(f *testing.F) {
	for _, d := range []digest.Digest{
		dg(1), digest.SHA512.FromString("a"), "sha256:", "", digest.Digest(strings.ToUpper(string(dg(1)))),
		digest.Digest(strings.ToUpper(dg(1).Encoded())), "sha256:" + digest.Digest(strings.Repeat("A", 64)), dg(2)[:70], dg(3) + "0",
	} {
		f.Add(string(d))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) == sha256Size {
			t.Skip("no digest is that short")
		}
		var room [sha256Size]byte
		k := key(keyBytes(digest.Digest(text), &room))
		if got := k.digest(); string(got) != text {
			t.Fatalf("got %q; want %q", got, text)
		}
	})
}

func TestUsualDigestsAreHeldInTheirOwnSize(t *testing.T) {
	var room [sha256Size]byte
	if got := len(keyBytes(dg(1), &room)); got != sha256Size {
		t.Fatalf("%d bytes", got)
	}
}

func TestOtherKindsOfDigestsAreHeldToo(t *testing.T) {
	x := New()
	other := digest.SHA512.FromString("a")
	mustApply(t, x, 1, whole(1, []digest.Digest{other, dg(1)}))
	mustHold(t, x, other, 1)
	got, _, _ := x.Inventory(1)
	slices.Sort(got)
	if want := []digest.Digest{dg(1), other}; !slices.Equal(got, want) {
		t.Fatalf("got %v; want %v", got, want)
	}
}
