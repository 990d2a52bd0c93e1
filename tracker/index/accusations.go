package index

import (
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	maxAccused = 1000 // pairs of one node that are withheld at a time
	maxVerify  = 32   // digests that one answer asks a node to verify
)

// accusations are the digests of one node that peers have spoken against, by
// number, with what they say: [trackerapi.KindCorrupt] or
// [trackerapi.KindMiss]. The inventory's lock guards them.
type accusations map[uint32]trackerapi.Kind

// Accuse takes a (digest, node) pair out of the answers, until the node has
// cleared it: a corrupt one by announcing it as verified, a missing one by
// announcing it again, which the node's next heartbeat is told to do. Removing
// the digest clears it, too. So a wrong accusation costs one message.
//
// It reports whether the pair is out now for the first time. A pair that is
// unknown, or one too many of a node, is left alone.
func (x *Index) Accuse(node uint32, d digest.Digest, kind trackerapi.Kind) bool {
	v := x.open(node)
	defer v.mu.Unlock()
	number, known := x.number(d)
	if !known || !v.numbers.contains(number) {
		return false
	}
	before, again := v.accused[number]
	if !again && len(v.accused) >= maxAccused {
		return false
	}
	if before != trackerapi.KindCorrupt { // which is the graver
		v.accuse(number, kind)
	}
	if !again {
		x.withhold(number, node)
		x.accused.Add(1)
	}
	return !again
}

func (v *inventory) accuse(number uint32, kind trackerapi.Kind) {
	if v.accused == nil {
		v.accused = accusations{}
	}
	v.accused[number] = kind
}

// acquit is for a digest that the node has found right.
func (x *Index) acquit(v *inventory, d digest.Digest) {
	if number, known := x.number(d); known {
		x.forgive(v, number)
	}
}

// forgive brings a withheld pair back into the answers.
func (x *Index) forgive(v *inventory, number uint32) {
	if x.settle(v, number) {
		x.trust(number, v.node)
	}
}

// settle strikes an accusation off, and says whether there was one.
func (x *Index) settle(v *inventory, number uint32) bool {
	if _, there := v.accused[number]; !there {
		return false
	}
	delete(v.accused, number)
	x.accused.Add(-1)
	return true
}

// suspects are some of the digests that the node should verify.
func (x *Index) suspects(v *inventory) (some []digest.Digest) {
	for number, kind := range v.accused {
		if kind == trackerapi.KindCorrupt && len(some) < maxVerify {
			some = append(some, x.digest(number))
		}
	}
	return some
}

// missing says whether a peer has missed something of this node.
func (a accusations) missing() bool {
	for _, kind := range a {
		if kind == trackerapi.KindMiss {
			return true
		}
	}
	return false
}
