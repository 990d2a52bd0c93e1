package index

import (
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// maxFew is where a bitmap becomes smaller than a list: roaring bitmaps change
// over at the same number, but cost 250 bytes more below it.
const maxFew = 4096

// nodeSet is a set of nodes, by ordinal. Most digests have few.
type nodeSet struct {
	few  []uint16        // ascending
	many *roaring.Bitmap // instead, once there have been many, or a larger ordinal
}

func (s *nodeSet) len() int {
	if s.many != nil {
		return int(s.many.GetCardinality())
	}
	return len(s.few)
}

func (s *nodeSet) contains(node uint32) bool {
	if s.many != nil {
		return s.many.Contains(node)
	}
	_, there := s.find(node)
	return there
}

// find is for few: where the node is, or would be.
func (s *nodeSet) find(node uint32) (at int, there bool) {
	if node > math.MaxUint16 {
		return len(s.few), false
	}
	return slices.BinarySearch(s.few, uint16(node))
}

func (s *nodeSet) add(node uint32) {
	if s.many == nil && (node > math.MaxUint16 || len(s.few) == maxFew) {
		s.spread()
	}
	if s.many != nil {
		s.many.Add(node)
		return
	}
	at, there := s.find(node)
	if there {
		return
	}
	if len(s.few) == cap(s.few) { // append would leave half of it unused
		s.few = append(make([]uint16, 0, len(s.few)+len(s.few)/8+2), s.few...)
	}
	s.few = slices.Insert(s.few, at, uint16(node))
}

// spread makes many out of few.
func (s *nodeSet) spread() {
	s.many = roaring.New()
	for _, node := range s.few {
		s.many.Add(uint32(node))
	}
	s.few = nil
}

// remove takes a node out, and says whether it was there.
func (s *nodeSet) remove(node uint32) bool {
	if s.many != nil {
		return s.many.CheckedRemove(node)
	}
	at, there := s.find(node)
	if there {
		s.few = slices.Delete(s.few, at, at+1)
	}
	return there
}

// around yields all of them, beginning at the turn-th, modulo their number.
func (s *nodeSet) around(turn uint32, yield func(uint32) bool) {
	if s.many != nil {
		aroundBitmap(s.many, turn, yield)
		return
	}
	if len(s.few) == 0 {
		return
	}
	first := int(turn % uint32(len(s.few)))
	for _, part := range [][]uint16{s.few[first:], s.few[:first]} {
		for _, node := range part {
			if !yield(uint32(node)) {
				return
			}
		}
	}
}

func aroundBitmap(nodes *roaring.Bitmap, turn uint32, yield func(uint32) bool) {
	count := uint32(nodes.GetCardinality())
	if count == 0 {
		return
	}
	first, err := nodes.Select(turn % count)
	if err != nil {
		return // not possible: there are count of them
	}
	var i roaring.IntIterator
	i.Initialize(nodes)
	for i.AdvanceIfNeeded(first); i.HasNext(); {
		if !yield(i.Next()) {
			return
		}
	}
	for i.Initialize(nodes); i.HasNext(); {
		if node := i.Next(); node >= first || !yield(node) {
			return
		}
	}
}
