package index

import (
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// inventory is one node's side of the index. A digest whose number is in it is
// held by the node in its shard too, so the number is valid as long as mu is
// held.
type inventory struct {
	mu   sync.Mutex
	node uint32

	// known says that a whole set has been announced in this run of the
	// node, so that seq and changes on top of it mean something.
	known bool
	seq   uint64
	// restored says that what is here was remembered, not announced. If a
	// heartbeat has the same hash, it is as good.
	restored bool
	hash     trackerapi.SetHash // of what is here, not of what was said

	numbers packed // of its digests
	images  imageSet
	accused accusations

	// digests are the numbers, unpacked, between edit and close; else nil.
	digests *roaring.Bitmap
}

// edit locks the node's inventory for a change of its digests. The caller ends
// that with close.
func (x *Index) edit(node uint32) *inventory {
	v := x.open(node)
	v.digests = v.numbers.unpack()
	return v
}

// close unlocks an inventory that had so many digests when it was opened.
func (x *Index) close(v *inventory, before uint64) {
	x.pairs.Add(int64(v.digests.GetCardinality()) - int64(before))
	v.numbers, v.digests = pack(v.digests), nil
	v.mu.Unlock()
}

// Apply brings the picture of a node from one sequence number to another, and
// says whether the node has to send everything: because an announcement before
// this one was lost (this one then changes nothing), or because the outcome has
// another hash than the node says.
//
// A whole set replaces what was known, but nothing that stays is out of the
// answers for a moment. What is added twice, removed without being there, or
// both removed and added, in that order, does no harm.
func (x *Index) Apply(node uint32, a *trackerapi.AnnounceRequest) (resend bool) {
	v := x.edit(node)
	defer x.close(v, v.digests.GetCardinality())
	for _, d := range a.Verified {
		x.acquit(v, d)
	}
	switch {
	case a.Whole:
		x.replace(v, a)
	case v.known && v.seq == a.From:
		x.change(v, a)
	default:
		return true
	}
	v.known, v.restored, v.seq = true, false, a.Seq
	return v.hash != trackerapi.SetHash(a.SetHash)
}

// Check compares what a node says it has announced with what is known, and
// lists the digests that the node should verify, a few at a time.
func (x *Index) Check(node uint32, seq, hash uint64) (resend bool, verify []digest.Digest) {
	v := x.open(node)
	defer v.mu.Unlock()
	if v.restored && v.hash == trackerapi.SetHash(hash) {
		v.known, v.restored, v.seq = true, false, seq
	}
	inStep := v.known && v.seq == seq && v.hash == trackerapi.SetHash(hash)
	return !inStep || v.accused.missing(), x.suspects(v)
}

// Restart is for a new run of a node. Its content is still on disk, so the
// answers keep it; but the node has to announce it all again.
func (x *Index) Restart(node uint32) {
	v := x.open(node)
	defer v.mu.Unlock()
	v.known, v.restored = false, false
}

// Forget removes all that the node has. Its ordinal may then be another's.
func (x *Index) Forget(node uint32) {
	v := x.edit(node)
	defer x.close(v, v.digests.GetCardinality())
	x.replace(v, &trackerapi.AnnounceRequest{})
	v.known, v.restored, v.seq = false, false, 0
}

func (x *Index) replace(v *inventory, a *trackerapi.AnnounceRequest) {
	gone := v.digests
	v.digests, v.hash = roaring.New(), 0
	for _, d := range a.Add {
		x.add(v, d)
	}
	gone.AndNot(v.digests)
	for number := range gone.Iterate {
		x.lose(v, number)
	}
	x.replaceImages(v, a.Images)
}

func (x *Index) change(v *inventory, a *trackerapi.AnnounceRequest) {
	for _, d := range a.Remove {
		x.remove(v, d)
	}
	for _, d := range a.Add {
		x.add(v, d)
	}
	for _, name := range a.ImagesGone {
		x.removeImage(v, name)
	}
	for _, i := range a.Images {
		x.setImage(v, i, nil)
	}
}

func (x *Index) add(v *inventory, d digest.Digest) {
	number := x.hold(d, v.node)
	if v.digests.CheckedAdd(number) {
		v.hash.Digest(d)
	}
	if v.accused[number] == trackerapi.KindMiss {
		x.forgive(v, number)
	}
}

func (x *Index) remove(v *inventory, d digest.Digest) {
	if number, known := x.number(d); known && v.digests.CheckedRemove(number) {
		v.hash.Digest(d)
		x.lose(v, number)
	}
}

// lose is for a digest that is no longer in the inventory.
func (x *Index) lose(v *inventory, number uint32) {
	x.settle(v, number)
	x.release(number, v.node)
}
