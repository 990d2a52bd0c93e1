package fetcher

import (
	"context"
	"slices"
	"time"
)

// freshFor is the age up to which another lookup would tell nothing new.
const freshFor = 100 * time.Millisecond

// queue holds the candidates of one fetch that were not tried yet, the best
// first. When they are used up, the trackers are asked once for others, and once
// more after each renew: holders come and go during a long body. It is used by one goroutine at a time.
type queue struct {
	waiting  []candidate
	lookedUp time.Time
	refill   func(context.Context) []candidate // nil once it was used
}

// next takes the first candidate.
func (q *queue) next() (candidate, bool) {
	if len(q.waiting) == 0 {
		return candidate{}, false
	}
	c := q.waiting[0]
	q.waiting = q.waiting[1:]
	return c, true
}

// nextIn is the time until there can be another candidate; false: never.
func (q *queue) nextIn() (time.Duration, bool) {
	if len(q.waiting) > 0 {
		return 0, true
	}
	return freshFor - time.Since(q.lookedUp), q.refill != nil
}

// renew allows one more look for candidates.
func (q *queue) renew(refill func(context.Context) []candidate) { q.refill = refill }

// replenish looks for more candidates, once until the next renew. It may wait
// for a tracker.
func (q *queue) replenish(ctx context.Context) bool {
	if q.refill == nil || time.Since(q.lookedUp) < freshFor {
		return false
	}
	q.waiting = append(q.waiting, q.refill(ctx)...)
	q.refill = nil
	return len(q.waiting) > 0
}

// putFirst gives back a candidate that would have been used.
func (q *queue) putFirst(c candidate) { q.waiting = slices.Insert(q.waiting, 0, c) }

// putLast gives back one that was asked and not needed.
func (q *queue) putLast(c candidate) { q.waiting = append(q.waiting, c) }

// demote makes a node the last.
func (q *queue) demote(node string) {
	its := func(c candidate) bool { return c.Node == node }
	if i := slices.IndexFunc(q.waiting, its); i >= 0 {
		c := q.waiting[i]
		q.waiting = append(slices.Delete(q.waiting, i, i+1), c)
	}
}
