package index

import (
	"iter"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/opencontainers/go-digest"
)

// Among is a set of nodes that count, when holders are counted. It does not
// change, and many may use it at once.
type Among struct {
	words []uint64        // a bit for each ordinal
	many  *roaring.Bitmap // the same
}

// NewAmong makes a set of these nodes, by ordinal.
func NewAmong(nodes iter.Seq[uint32]) *Among {
	a := &Among{}
	for node := range nodes {
		for int(node/64) >= len(a.words) {
			a.words = append(a.words, 0)
		}
		a.words[node/64] |= 1 << (node % 64)
	}
	a.many = roaring.FromDense(a.words, true)
	return a
}

func (a *Among) has(node uint32) bool {
	at := int(node / 64)
	return at < len(a.words) && a.words[at]>>(node%64)&1 == 1
}

// countAmong counts until there are enough. It is a population count for many,
// and a look at each for few, which is far less than what going through an
// iterator takes.
func (s *nodeSet) countAmong(a *Among, enough int) (count int) {
	if s.many != nil {
		return min(int(s.many.AndCardinality(a.many)), enough)
	}
	for _, node := range s.few {
		if count >= enough {
			break
		}
		if a.has(uint32(node)) {
			count++
		}
	}
	return count
}

// CountHolders counts the holders of a digest that are among these nodes, and in
// the answers.
func (x *Index) CountHolders(d digest.Digest, among *Among) int {
	var room [sha256Size]byte
	k := keyBytes(d, &room)
	s := &x.shards[shardOf(k)]
	s.mu.RLock()
	defer s.mu.RUnlock()
	number, known := s.numbers[key(k)]
	if !known {
		return 0
	}
	return s.entries[number>>shardBits].holders.countAmong(among, math.MaxInt)
}

// Counted is a digest with how many of its holders are in one set of nodes, and
// in another, as far as they were counted.
type Counted struct {
	Name      Name
	Now, Left int
}

// censusStride is how many digests are counted under one lock: what a change
// of any of them then waits for is some microseconds.
const censusStride = 16

// Census counts the holders of every digest that somebody holds, in no order, and
// each until there are enough. A digest that comes or goes meanwhile may be left
// out or not. Nothing is allocated for a digest.
func (x *Index) Census(enough int, now, left *Among) iter.Seq[Counted] {
	return func(yield func(Counted) bool) {
		var room [censusStride]Counted
		for i := range x.shards {
			for from, more := 0, true; more; from += censusStride {
				var some []Counted
				some, more = x.shards[i].count(from, enough, now, left, room[:0])
				for _, c := range some {
					if !yield(c) {
						return
					}
				}
			}
		}
	}
}

// count counts for a stride of the shard's entries, and says whether there are
// more behind them.
func (s *shard) count(from, enough int, now, left *Among, some []Counted) (_ []Counted, more bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	to := min(from+censusStride, len(s.entries))
	for i := from; i < to; i++ {
		e := &s.entries[i]
		if e.key == "" { // nobody holds it any more
			continue
		}
		c := Counted{Name: Name{e.key}, Now: e.holders.countAmong(now, enough)}
		if c.Left = c.Now; left != now {
			c.Left = e.holders.countAmong(left, enough)
		}
		some = append(some, c)
	}
	return some, to < len(s.entries)
}

// Names yields every digest that somebody holds, as [Index.Census] does.
func (x *Index) Names() iter.Seq[Name] {
	return func(yield func(Name) bool) {
		none := &Among{many: roaring.New()}
		for c := range x.Census(0, none, none) {
			if !yield(c.Name) {
				return
			}
		}
	}
}

// CountedTag is a digest that nodes have by an image's name, with how many of
// them are in one set of nodes, and in another.
type CountedTag struct {
	Digest    digest.Digest
	Now, Left int
}

// CensusOf counts the nodes of both sets that have an image's name, by the digest
// that they have by it: first the one that one of them has set last.
func (x *Index) CensusOf(name string, now, left *Among) (all []CountedTag) {
	x.images.mu.RLock()
	defer x.images.mu.RUnlock()
	var different []uint32
	at := 0
	for _, t := range slices.Backward(x.images.byName[x.images.names.find(name)].tags) {
		counts, stays := now.has(t.node), left.has(t.node)
		if !counts && !stays {
			continue
		}
		if at == len(all) || different[at] != t.digest { // mostly the same one follows itself
			at = slices.Index(different, t.digest)
		}
		if at < 0 {
			at = len(all)
			different, all = append(different, t.digest), append(all, CountedTag{Digest: x.images.digests.text(t.digest)})
		}
		if counts {
			all[at].Now++
		}
		if stays {
			all[at].Left++
		}
	}
	return all
}
