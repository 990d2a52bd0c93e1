package fetcher

import "time"

// Where the pieces lie that others send ahead of the parent. The parent itself
// sends what is between them, straight to the reader, so only pieces take memory.
const (
	pieceTime = 400 * time.Millisecond // that a piece ought to take
	firstSize = 1 << 20                // of a helper's first piece: its rate is not known
	leastSize = 256 << 10              // what is not worth a request
	pieceSize = 4 << 20                // the largest
	slack     = 1.25                   // a piece should be there a little before the reader
)

// span is some bytes of a blob, the last one not among them.
type span struct{ from, to int64 }

func (s span) size() int64 { return s.to - s.from }

// layout is how the rest of a blob is divided at some moment.
type layout struct {
	at     int64   // where the reader is
	free   int64   // up to here the parent has been asked already
	end    int64   // of what is wanted
	taken  []span  // pieces, in order
	parent float64 // bytes per second
}

// place finds the next piece of a helper: the first that nobody else sends and
// that the reader reaches just after the helper is done with it. What is between
// pieces comes at the parent's rate, and pieces are there when the reader comes.
// The helper's rate is in bytes per second, 0 if it is not known yet. False: there
// is nothing left that is worth it.
func (l layout) place(helper float64) (span, bool) {
	size := float64(firstSize)
	if helper > 0 {
		size = min(max(helper*pieceTime.Seconds(), leastSize), pieceSize)
	} else {
		helper = max(l.parent, 1)
	}
	ahead := slack * l.parent / helper // bytes of the parent for each of the helper
	at := max(l.at, l.free)
	lead := max(0, ahead*size-float64(at-l.at))
	for _, t := range l.taken {
		gap := float64(max(0, t.from-at))
		if gap >= lead+size {
			break
		}
		lead = max(0, lead-gap)
		at = max(at, t.to)
	}
	left := float64(max(0, l.end-at)) // at the end, what is left is shared
	size = min(size, max(left-lead, left/(1+ahead)))
	if size < leastSize {
		return span{}, false
	}
	from := at + int64(min(lead, left-size))
	return span{from, from + int64(size)}, true
}
