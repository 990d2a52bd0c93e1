package index

import "strings"

// numbering gives texts small numbers, which are held in their place where there
// are many: four bytes each, at which the garbage collector does not look. A
// number is its text's until the last of its users drops it, and then free for
// another text, so that there are never more than texts were used at once.
//
// No text has 0, the number of all that are unknown: nothing is found by it.
// Its owner has a lock for it.
type numbering[T ~string] struct {
	numbers map[T]uint32
	entries []numbered[T] // by number
	free    []uint32      // numbers that nobody uses
}

type numbered[T ~string] struct {
	text  T
	users int
}

func newNumbering[T ~string]() numbering[T] {
	return numbering[T]{numbers: map[T]uint32{}, entries: make([]numbered[T], 1)}
}

// find is the number of a text that somebody uses, or else 0.
func (n *numbering[T]) find(text T) uint32 { return n.numbers[text] }

// text is the reverse of find. The number must be in use.
func (n *numbering[T]) text(number uint32) T { return n.entries[number].text }

// take makes one user more, who ends that with drop.
func (n *numbering[T]) take(text T) (number uint32) {
	number = n.numbers[text]
	if number == 0 {
		number = n.insert(T(strings.Clone(string(text)))) // which may be a part of a long message
	}
	n.entries[number].users++
	return number
}

func (n *numbering[T]) insert(text T) (number uint32) {
	if last := len(n.free) - 1; last >= 0 {
		number, n.free = n.free[last], n.free[:last]
	} else {
		number = uint32(len(n.entries))
		n.entries = append(n.entries, numbered[T]{})
	}
	n.numbers[text] = number
	n.entries[number].text = text
	return number
}

func (n *numbering[T]) drop(number uint32) {
	e := &n.entries[number]
	if e.users--; e.users > 0 {
		return
	}
	delete(n.numbers, e.text)
	*e = numbered[T]{}
	n.free = append(n.free, number)
}
