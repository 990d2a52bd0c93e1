package index

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestNumberIsATextsWhileSomebodyUsesIt(t *testing.T) {
	for _, c := range []struct {
		name, steps string // + for take, - for drop
		want        map[string]uint32
	}{
		{"each has its own", "+a +b", map[string]uint32{"a": 1, "b": 2}},
		{"all users have the same", "+a +b +a", map[string]uint32{"a": 1, "b": 2}},
		{"the last user keeps it", "+a +a +b -a", map[string]uint32{"a": 1, "b": 2}},
		{"the last user gives it back", "+a +b +a -a -a", map[string]uint32{"b": 2}},
		{"one that is free is used again", "+a +b -a +c", map[string]uint32{"b": 2, "c": 1}},
		{"one that is free is used once", "+a +b -b -a +c +d +e", map[string]uint32{"c": 1, "d": 2, "e": 3}},
		{"who comes back has a new one", "+a +b -a +c +a", map[string]uint32{"a": 3, "b": 2, "c": 1}},
		{"one comes and goes", "+a -a +b -b +a -a +c", map[string]uint32{"c": 1}},
		{"nothing is a text too", "+ +a", map[string]uint32{"": 1, "a": 2}},
	} {
		n, users := newNumbering[string](), map[uint32]int{}
		for step := range strings.FieldsSeq(c.steps) {
			if text := step[1:]; step[0] == '+' {
				users[n.take(text)]++
			} else {
				number := n.find(text)
				n.drop(number)
				users[number]--
			}
		}
		maps.DeleteFunc(users, func(_ uint32, left int) bool { return left == 0 })
		if err := checkUsers(&n, users); err != nil || !maps.Equal(n.numbers, c.want) {
			t.Errorf("%s: got %v, %v; want %v", c.name, n.numbers, err, c.want)
		}
		if got := n.find("unknown"); got != 0 {
			t.Errorf("%s: %d is the number of an unknown text", c.name, got)
		}
	}
}

// checkUsers says what is wrong, if each number has so many users, and all
// others have none.
func checkUsers[T ~string](n *numbering[T], users map[uint32]int) error {
	for i, e := range n.entries {
		number := uint32(i)
		free := number > 0 && users[number] == 0
		switch {
		case e.users != users[number]:
			return fmt.Errorf("%d, which is %q, has %d users; want %d", number, e.text, e.users, users[number])
		case e.users > 0 && n.find(e.text) != number:
			return fmt.Errorf("%d is %q, which is %d", number, e.text, n.find(e.text))
		case free != slices.Contains(n.free, number):
			return fmt.Errorf("%d is among the free ones %v with %d users", number, n.free, e.users)
		}
	}
	if len(n.numbers) != len(users) || len(n.numbers)+len(n.free)+1 != len(n.entries) {
		return fmt.Errorf("%d are used, %d known and %d free of %d", len(users), len(n.numbers), len(n.free), len(n.entries))
	}
	return nil
}
