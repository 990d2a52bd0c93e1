package inventory

import (
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Snapshot is the whole inventory at one sequence number. Nothing in it is
// shared with the inventory: its reader may keep and change it.
type Snapshot struct {
	Seq     uint64
	Hash    trackerapi.SetHash
	Digests []digest.Digest    // in no particular order
	Images  []trackerapi.Image // in no particular order
}

// Delta brings the inventory of From to that of Seq. Every digest and every
// name is in at most one of its lists of changes: what came and went again
// between the two is in neither.
type Delta struct {
	From, Seq uint64
	Hash      trackerapi.SetHash // of the whole inventory at Seq

	Add, Remove []digest.Digest
	Images      []trackerapi.Image // new, or with another digest
	ImagesGone  []string
	// Verified are digests whose bytes were hashed and found right since
	// From, and which the node still holds.
	Verified []digest.Digest
}
