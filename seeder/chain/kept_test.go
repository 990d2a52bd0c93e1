package chain

import (
	"testing"

	"github.com/opencontainers/go-digest"
)

func TestTheLastUsedChainsAreKept(t *testing.T) {
	var all []*Chain
	k := newKept(3 * 64)
	for i := range 4 {
		c := made(t, digest.SHA256, random(int64(Piece+i)))
		all = append(all, c)
		if i == 3 {
			k.get(all[0].digest)
		}
		k.put(c)
		k.put(c)
	}
	for i, kept := range []bool{true, false, true, true} {
		if (k.get(all[i].digest) != nil) != kept {
			t.Errorf("chain %d: kept is %v", i, !kept)
		}
	}
	if k.bytes != 3*64 || k.order.Len() != 3 {
		t.Errorf("%d bytes, %d chains", k.bytes, k.order.Len())
	}
}
