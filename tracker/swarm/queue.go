package swarm

import (
	"cmp"
	"slices"
	"time"
)

// tries is how many in a row are told to go on waiting before the rest of a
// queue is not asked.
const tries = 4

// Waiter is somebody who waits for an answer.
type Waiter struct {
	Ask
	gone   bool
	answer chan Answer // for a goroutine that waits for it
}

// Wait queues somebody whose answer was empty.
func (t *Tree) Wait(w *Waiter) {
	z := t.zone(w.Zone)
	z.queue = append(z.queue, w)
	t.waiting++
}

// Quit takes somebody out of the queue, and says whether he was there.
func (t *Tree) Quit(w *Waiter) bool {
	if w.gone {
		return false
	}
	w.gone = true
	t.waiting--
	return true
}

// disown has somebody who waits answered with nothing that others would count on.
func (t *Tree) disown(node uint32) {
	if t.waiting == 0 {
		return
	}
	for _, z := range t.zones {
		for _, w := range z.queue {
			w.lost = w.lost || w.Node == node
		}
	}
}

// Admit answers those in the queues for whom there is something by now, in the
// order in which they came to each zone's; who waits longest is first.
func (t *Tree) Admit(now time.Duration, answer func(*Waiter, Answer)) {
	if t.waiting == 0 {
		return
	}
	queued := t.byPatience()
	if len(queued) > 0 {
		t.oldest = max(queued[0].queue[0].Since, t.barren)
	}
	for _, z := range queued {
		t.admit(z, now, answer)
	}
}

// byPatience lists the zones with a queue, the longest wait first.
func (t *Tree) byPatience() []*zone {
	var queued []*zone
	for _, z := range t.zones {
		if len(z.queue) > 0 {
			queued = append(queued, z)
		}
	}
	slices.SortStableFunc(queued, func(a, b *zone) int { return cmp.Compare(a.queue[0].Since, b.queue[0].Since) })
	return queued
}

func (t *Tree) admit(z *zone, now time.Duration, answer func(*Waiter, Answer)) {
	asked, refused := 0, z.queue[:0]
	for ; asked < len(z.queue) && len(refused) < tries; asked++ {
		w := z.queue[asked]
		if w.gone {
			continue
		}
		ans := t.Join(&w.Ask, now)
		if ans.Empty() {
			refused = append(refused, w)
			continue
		}
		t.Quit(w)
		answer(w, ans)
	}
	left := asked - len(refused) // those who were refused stay at the head
	copy(z.queue[left:asked], refused)
	clear(z.queue[:left])
	z.queue = z.queue[left:]
}
