package announcer

import (
	"slices"

	"github.com/drayproject/dray/seeder/inventory"
	"github.com/drayproject/dray/shared/trackerapi"
)

// What one message carries at most. It is well within the limits of
// trackerapi, MaxBody above all: 25 000 SHA-512 digests are 3.5 MB.
const (
	partDigests = 25_000
	partImages  = 5_000
)

// wholeParts announces everything: one message that replaces what the tracker
// knew, and, for a set that is too large for it, more that add to it. All but
// the last leave the tracker with an intermediate hash.
func wholeParts(who trackerapi.Sender, s inventory.Snapshot) []trackerapi.AnnounceRequest {
	digests := slices.Collect(slices.Chunk(s.Digests, partDigests))
	images := slices.Collect(slices.Chunk(s.Images, partImages))
	parts := make([]trackerapi.AnnounceRequest, max(1, len(digests), len(images)))
	var hash trackerapi.SetHash
	for i := range parts {
		p := &parts[i]
		p.Sender, p.Whole, p.Seq = who, i == 0, s.Seq
		if i > 0 {
			p.From = s.Seq
		}
		if i < len(digests) {
			p.Add = digests[i]
		}
		if i < len(images) {
			p.Images = images[i]
		}
		p.SetHash = uint64(extend(&hash, p))
	}
	parts[len(parts)-1].SetHash = uint64(s.Hash)
	return parts
}

func extend(h *trackerapi.SetHash, p *trackerapi.AnnounceRequest) trackerapi.SetHash {
	for _, d := range p.Add {
		h.Digest(d)
	}
	for _, i := range p.Images {
		h.Image(i)
	}
	return *h
}

// changes announces a delta. It is false when the delta is too large for one
// message: then the whole is not much more.
func changes(who trackerapi.Sender, d inventory.Delta) (trackerapi.AnnounceRequest, bool) {
	if len(d.Add)+len(d.Remove)+len(d.Verified) > partDigests || len(d.Images)+len(d.ImagesGone) > partImages {
		return trackerapi.AnnounceRequest{}, false
	}
	return trackerapi.AnnounceRequest{
		Sender: who, From: d.From, Seq: d.Seq, SetHash: uint64(d.Hash),
		Add: d.Add, Remove: d.Remove, Images: d.Images, ImagesGone: d.ImagesGone, Verified: d.Verified,
	}, true
}
