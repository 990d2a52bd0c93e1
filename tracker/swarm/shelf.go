package swarm

// rows is how many numbers of children are told apart.
const rows = maxFanout + 1

// shelf has the partial holders of one zone, by the number of their children,
// so that the least loaded are found without looking at all. Those at the end of
// a long line have rows of their own, after the others.
type shelf [2 * rows]row

// row is a list in the order in which its members came. The zero row is empty.
type row struct{ first, last *member }

func rowOf(m *member) int {
	at := min(m.children, rows-1)
	if m.depth >= line {
		at += rows
	}
	return at
}

func (s *shelf) put(m *member) {
	r := &s[rowOf(m)]
	m.row, m.prev, m.next = r, r.last, nil
	if r.last != nil {
		r.last.next = m
	} else {
		r.first = m
	}
	r.last = m
}

func (s *shelf) take(m *member) {
	r := m.row
	if r == nil {
		return
	}
	if m.prev != nil {
		m.prev.next = m.next
	} else {
		r.first = m.next
	}
	if m.next != nil {
		m.next.prev = m.prev
	} else {
		r.last = m.prev
	}
	m.row, m.prev, m.next = nil, nil, nil
}

// newest yields the members, the least loaded first, and of those the ones that
// came last: mostly they are the nearest ahead of whoever comes now.
func (s *shelf) newest(yield func(*member) bool) {
	for i := range s {
		for m := s[i].last; m != nil; m = m.prev {
			if !yield(m) {
				return
			}
		}
	}
}

// oldest yields those who came first, who are farthest.
func (s *shelf) oldest(yield func(*member) bool) {
	for i := range s {
		for m := s[i].first; m != nil; m = m.next {
			if !yield(m) {
				return
			}
		}
	}
}
