package fetcher

import "time"

// mostKept is how long bytes are kept back at most, should the rest of a piece be late:
// so many times what makes a piece slow.
const mostKept = 5

// keeping is what speaks for and against keeping bytes back until the piece that
// they are of is proved.
type keeping struct {
	room   bool          // the reader's memory has room for all of the piece
	sure   bool          // everything before it is proved
	grows  bool          // the parent has only the beginning of the blob: others wait behind us
	linked bool          // what proves the piece is here
	due    bool          // or may come
	left   time.Duration // that is left to wait for that
	kept   time.Duration // how long they have been kept back
	usual  time.Duration // that a piece takes; 0: not known
	slow   time.Duration // what is too long for that
}

// worth decides. The time that it may take is the reader's.
func (k keeping) worth() bool {
	if !k.room || !k.sure || k.grows || k.usual > k.slow {
		return false
	}
	limit := mostKept * k.slow
	if k.usual == 0 {
		limit = k.slow
	}
	if !k.linked {
		limit = min(limit, k.left)
	}
	return (k.linked || k.due) && k.kept < limit
}
