package index

import (
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Restore gives a node what it is remembered to have, unless it has spoken for
// itself. It counts in answers as if it had been announced. The node's next
// heartbeat either agrees or is asked for everything.
func (x *Index) Restore(node uint32, digests []digest.Digest, images []trackerapi.Image) {
	v := x.edit(node)
	defer x.close(v, v.digests.GetCardinality())
	if v.known || !v.digests.IsEmpty() || len(v.images) > 0 {
		return
	}
	x.replace(v, &trackerapi.AnnounceRequest{Add: digests, Images: images})
	v.restored = true
}

// Version tells one state of a node's inventory from another.
type Version struct {
	Hash trackerapi.SetHash
	Seq  uint64
	// Announced says that the node has spoken for itself since the tracker
	// knows of its present run.
	Announced bool
}

// Version is the present one of a node's inventory.
func (x *Index) Version(node uint32) Version {
	v := x.open(node)
	defer v.mu.Unlock()
	return v.version()
}

func (v *inventory) version() Version {
	return Version{Hash: v.hash, Seq: v.seq, Announced: v.known}
}

// Inventory is all that a node has, in no order, as of the version.
func (x *Index) Inventory(node uint32) (digests []digest.Digest, images []trackerapi.Image, as Version) {
	v := x.open(node)
	defer v.mu.Unlock()
	digests = make([]digest.Digest, 0, v.numbers.len())
	for number := range v.numbers.all() {
		digests = append(digests, x.digest(number))
	}
	for name, t := range v.images {
		images = append(images, x.images.image(name, t))
	}
	return digests, images, v.version()
}
