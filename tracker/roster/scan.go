package roster

import (
	"context"
	"sync"
	"time"
)

const scanPeriod = 50 * time.Millisecond

// Run looks for silence, and probes whom it has reason to, until ctx ends.
func (r *Roster) Run(ctx context.Context, p Prober) {
	var prober sync.WaitGroup
	defer prober.Wait()
	prober.Go(func() { r.probeAll(ctx, p) })
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
// is late. If that is long, some of what nodes have sent meanwhile is lost:
// they are given time to be heard again.
func (r *Roster) advance(elapsed time.Duration) {
	late := max(0, elapsed-2*scanPeriod)
	now := time.Duration(r.now.Add(int64(elapsed - late)))
	if late > r.policy.Interval/2 {
		r.gates.resumed = now + pauseIntervals*r.Interval()
		r.log.Warn("tracker was held up: all deadlines are put off", "by", late)
	}
}

// scan weighs the silence of every node.
func (r *Roster) scan() {
	before := r.gates.closed
	r.gates.begin(r.clock())
	var found findings
	for _, chunk := range *r.chunks.Load() {
		for i := range chunk {
			found.states[r.look(&chunk[i], &found.census)]++
		}
	}
	r.gates.census = found.census
	r.interval.Store(int64(r.policy.interval(found.census.all.expected)))
	r.publish(before, found)
}

// findings are what a scan has counted.
type findings struct {
	states [states]int64
	census census
}

// publish makes the findings known, and logs what has changed.
func (r *Roster) publish(before [NumGates]bool, found findings) {
	for s, n := range found.states {
		r.counts[s].Store(n)
	}
	r.gates.closed[GateReporter] = r.clock() < time.Duration(r.mutedUntil.Load())
	for g, closed := range r.gates.closed {
		r.closed[g].Store(closed)
		if closed == before[g] {
			continue
		}
		if closed {
			r.log.Warn("gate has closed: verdicts are held back", "gate", Gate(g).String(), "expected", found.census.all.expected, "missing", found.census.all.missing)
		} else {
			r.log.Info("gate has opened", "gate", Gate(g).String())
		}
	}
}

// look is the scan's share of one node. Hardly ever is there more to do than
// one comparison.
func (r *Roster) look(n *Node, c *census) State {
	heard, s := unpackSign(n.sign.Load())
	silent, interval := r.clock()-heard, r.intervalOf(n)
	if s.State == Joining || s.State.Usable() && silent < r.policy.PurgeAfter {
		c.count(n.zone.Load(), silent >= r.policy.missed(1, interval))
	}
	switch {
	case s.State == Purged:
		return s.State
	case s.State == Suspect:
		r.lookAgain(n, s)
	case s.State == Ready && silent < r.policy.missed(r.policy.SuspectAfter, interval):
		return s.State
	}
	if r.gates.quiet() {
		return n.State()
	}
	return r.weighSilence(n)
}

// lookAgain keeps what is known of a suspect's port fresh, so that a node that
// dies of silence was looked at twice, and ends the time of a bad reporter.
func (r *Roster) lookAgain(n *Node, s Standing) {
	found, age := r.portOf(n)
	if stale := found == Unasked || age >= r.policy.Interval/2; stale && n.asking.Load() == idle {
		r.ask(n)
	}
	if s.Cause == Discredited && !n.dossier.Load().voice.muted(r.clock()) {
		r.weigh(n, Evidence{Sign: Forgiven})
	}
}

// weighSilence puts the gates before the verdict.
func (r *Roster) weighSilence(n *Node) State {
	heard, s := unpackSign(n.sign.Load())
	e := Evidence{Sign: Silence, Silent: r.clock() - heard, Interval: r.intervalOf(n)}
	e.Port, _ = r.portOf(n)
	e.Vouched = r.vouchedFor(n)
	switch to, _ := r.policy.Next(s, e); {
	case to.State == s.State:
		return s.State
	case to.State == Purged:
		return r.purge(n)
	case to.State == Dead && !r.gates.pass(n.zone.Load(), e, r.clock()):
		return s.State
	}
	return r.weigh(n, Evidence{Sign: Silence}).State
}

// purge forgets a node, unless it has been heard at the last moment.
func (r *Roster) purge(n *Node) State {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.weigh(n, Evidence{Sign: Silence}).State
	if s == Purged {
		delete(r.byName, n.Identity().Name)
		r.free = append(r.free, n)
	}
	return s
}
