package placement

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Loss is what goes with a set of nodes.
type Loss struct {
	// Images are those of which no live node would have all, by name.
	Images []LostImage `json:"images"`
	// Lost are the bytes that no live node would have: they would have to come
	// from upstream again. Each blob counts once, whatever images it is in.
	Lost int64 `json:"lost"`
	// Unknown are images whose parts are not known.
	Unknown int `json:"unknown"`
}

// LostImage is an image of which no whole copy would be left.
type LostImage struct {
	Image  string        `json:"image"`
	Digest digest.Digest `json:"digest"`
	// Bytes of it that nobody would have: layers that it shares with another
	// image are still there. Known says whether that could be found out.
	Bytes int64 `json:"bytes"`
	Known bool  `json:"known"`
}

// Version is one of the digests that nodes have by an image's name.
type Version struct {
	Image  string
	Digest digest.Digest
	Now    bool // a live node has it
	Left   bool // one would have it when the nodes are gone
}

// Lost says what would be lost with some nodes. It is given all versions of all
// images, in any order, and what they consist of, which is nil where that is not
// known. It knows blobs by the images that they are in.
func Lost(versions iter.Seq[Version], parts func(digest.Digest) []trackerapi.Part) Loss {
	var doomed []Version
	left := map[digest.Digest]bool{}
	for v := range versions {
		switch {
		case v.Left:
			left[v.Digest] = true
		case v.Now:
			doomed = append(doomed, v)
		}
	}
	slices.SortFunc(doomed, func(a, b Version) int {
		return cmp.Or(strings.Compare(a.Image, b.Image), strings.Compare(string(a.Digest), string(b.Digest)))
	})
	return lossOf(doomed, left, parts)
}

// lossOf counts, with the doomed in order. A digest that has several names is
// shown by the first.
func lossOf(doomed []Version, left map[digest.Digest]bool, parts func(digest.Digest) []trackerapi.Part) (l Loss) {
	l.Images = []LostImage{}
	there := map[digest.Digest]bool{}
	for d := range left {
		for _, part := range parts(d) {
			there[part.Digest] = true
		}
	}
	gone, seen := map[digest.Digest]int64{}, map[digest.Digest]bool{}
	for _, v := range doomed {
		if left[v.Digest] || seen[v.Digest] {
			continue
		}
		seen[v.Digest] = true
		of := parts(v.Digest)
		one := LostImage{Image: v.Image, Digest: v.Digest, Known: of != nil}
		if !one.Known {
			l.Unknown++
		}
		for _, part := range of {
			if !there[part.Digest] {
				one.Bytes += part.Size
				gone[part.Digest] = part.Size
			}
		}
		l.Images = append(l.Images, one)
	}
	for _, size := range gone {
		l.Lost += size
	}
	return l
}
