package trackerapi

import (
	"github.com/cespare/xxhash/v2"
	"github.com/opencontainers/go-digest"
)

// SetHash is a fingerprint of an inventory that does not depend on the order
// in which it came about: the XOR of the hashes of its members. Adding a
// member and removing it are the same operation. The zero value is the empty
// inventory's.
//
// It finds accidents, not attacks: a node speaks only about itself.
type SetHash uint64

// Digest adds or removes a digest.
func (h *SetHash) Digest(d digest.Digest) {
	*h ^= SetHash(xxhash.Sum64String(string(d)))
}

// Image adds or removes an image; its UpdatedAt is not part of the hash.
func (h *SetHash) Image(i Image) {
	*h ^= SetHash(xxhash.Sum64String(i.Name + "\x00" + string(i.Digest)))
}
