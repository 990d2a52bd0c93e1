package roster

import (
	"context"
	"time"
)

const scanPeriod = 50 * time.Millisecond

// Run looks for silence until ctx ends.
func (r *Roster) Run(ctx context.Context) {
	tick := time.NewTicker(scanPeriod)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		r.advance(now.Sub(last))
		r.scan()
		last = now
	}
}

// advance moves the roster's clock, and leaves out the time for which the scan
// is late.
func (r *Roster) advance(elapsed time.Duration) {
	late := max(0, elapsed-2*scanPeriod)
	r.now.Add(int64(elapsed - late))
	if late > r.policy.Interval {
		r.log.Warn("tracker was held up: all deadlines are put off", "by", late)
	}
}

// scan weighs the silence of every node.
func (r *Roster) scan() {
	var counts [states]int64
	for _, chunk := range *r.chunks.Load() {
		for i := range chunk {
			n := &chunk[i]
			counts[r.look(n)]++
		}
	}
	for s := range counts {
		r.counts[s].Store(counts[s])
	}
}

// look is the scan's share of one node. Hardly ever is there more to do than
// one comparison.
func (r *Roster) look(n *Node) State {
	heard, s := unpack(n.sign.Load())
	if s == Purged || (s == Ready && r.clock()-heard < r.policy.missed(r.policy.SuspectAfter)) {
		return s
	}
	if to, _ := r.policy.Next(s, Evidence{Sign: Silence, Silent: r.clock() - heard}); to == Purged {
		return r.purge(n)
	}
	return r.weigh(n, Evidence{Sign: Silence})
}

// purge forgets a node, unless it has been heard at the last moment.
func (r *Roster) purge(n *Node) State {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.weigh(n, Evidence{Sign: Silence})
	if s == Purged {
		delete(r.byName, n.Identity().Name)
		r.free = append(r.free, n)
	}
	return s
}
