package placement

import (
	"cmp"
	"maps"
	"slices"

	"github.com/opencontainers/go-digest"
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

// Lost says what would be lost with these nodes, by ordinal. It knows blobs by the
// images that they are in, of the nodes that would be left too.
func Lost(w *World, dying map[uint32]bool) Loss {
	doomed, left := map[string]digest.Digest{}, map[digest.Digest]bool{}
	for i := range w.Nodes {
		n := &w.Nodes[i]
		if n.State != Away && dying[n.Ordinal] {
			for _, image := range w.Content.Of(n.Ordinal) {
				doomed[image.Name+"\x00"+string(image.Digest)] = image.Digest
			}
		}
	}
	survives := survivors(w, dying)
	for i := range w.Content.Latest() {
		if survives(i.Name, i.Digest) {
			left[i.Digest] = true
		}
	}
	for id, d := range doomed {
		if name := id[:len(id)-len(d)-1]; survives(name, d) {
			left[d] = true
		}
	}
	return lossOf(w, doomed, left)
}

// survivors says whether somebody who would be left has an image.
func survivors(w *World, dying map[uint32]bool) func(name string, d digest.Digest) bool {
	stays := map[uint32]bool{}
	for i := range w.Nodes {
		n := &w.Nodes[i]
		stays[n.Ordinal] = n.State != Away && !dying[n.Ordinal]
	}
	return func(name string, d digest.Digest) bool {
		return slices.ContainsFunc(w.Content.Holders(name, d), func(node uint32) bool { return stays[node] })
	}
}

func lossOf(w *World, doomed map[string]digest.Digest, left map[digest.Digest]bool) (l Loss) {
	l.Images = []LostImage{}
	there := map[digest.Digest]bool{}
	for d := range left {
		for _, part := range w.parts(d) {
			there[part.Digest] = true
		}
	}
	gone, seen := map[digest.Digest]int64{}, map[digest.Digest]bool{}
	for _, id := range slices.Sorted(maps.Keys(doomed)) {
		d := doomed[id]
		if left[d] || seen[d] {
			continue
		}
		seen[d] = true
		parts := w.parts(d)
		one := LostImage{Image: id[:len(id)-len(d)-1], Digest: d, Known: parts != nil}
		if !one.Known {
			l.Unknown++
		}
		for _, part := range parts {
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
	slices.SortFunc(l.Images, func(a, b LostImage) int { return cmp.Compare(a.Image, b.Image) })
	return l
}
