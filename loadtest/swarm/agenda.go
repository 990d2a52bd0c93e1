package swarm

import (
	"container/heap"
	"time"
)

// agenda is what is going to happen.
type agenda struct {
	list  events
	count int
}

type event struct {
	at    time.Duration
	order int // among those of one moment
	do    func()
}

func (a *agenda) add(at time.Duration, do func()) {
	a.count++
	heap.Push(&a.list, event{at, a.count, do})
}

// next is when the next thing happens.
func (a *agenda) next() (at time.Duration, any bool) {
	if len(a.list) == 0 {
		return 0, false
	}
	return a.list[0].at, true
}

func (a *agenda) pop() event { return heap.Pop(&a.list).(event) }

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || (e[i].at == e[j].at && e[i].order < e[j].order)
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}
