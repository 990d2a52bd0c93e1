package swarm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/swarm"
)

const (
	expiry    = 20 * time.Millisecond  // between a tracker's looks at what has expired
	beat      = time.Second            // between heartbeats
	detection = 5 * time.Millisecond   // from bytes on disk to the progress that tells of them
	retold    = 250 * time.Millisecond // at least, between two such progresses of what others read
	announces = 100 * time.Millisecond // from the commit to the announcement
	stall     = 40 * time.Millisecond  // until a child gives its parent up
	verdict   = 2 * time.Millisecond   // from a report to the end of the tracker's own look
	silence   = 3 * beat               // until somebody whom nobody misses is dead
	hedge     = 25 * time.Millisecond  // until another than a dead parent is asked
	hopeless  = 200                    // times the bound: then something is wrong
)

// crowd is one run.
type crowd struct {
	o      Options
	rand   *rand.Rand
	agenda agenda
	now    time.Duration
	nodes  []node
	pulls  [][]pull // by blob and node
	source source

	// The tracker's side.
	trees  []*swarm.Tree // by blob
	ledger swarm.Ledger
	whole  [][]uint32 // by blob, as the tracker knows
	zones  []*trackerapi.Node

	left   int // nodes that are not done
	result Result
}

// Run simulates one crowd.
func Run(ctx context.Context, o Options) (*Result, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Window > 0 {
		return runWindow(ctx, o)
	}
	c := newCrowd(o)
	end := time.Duration(hopeless*c.o.bound()*float64(time.Second)) + o.Arrivals + time.Minute
	for c.left > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if c.now > end {
			return nil, fmt.Errorf("after %v %d nodes are still not done", c.now, c.left)
		}
		if err := c.advance(); err != nil {
			return nil, err
		}
	}
	return c.measure(), nil
}

func newCrowd(o Options) *crowd {
	c := &crowd{o: o, rand: rand.New(rand.NewPCG(o.Seed, 1)), left: o.Nodes, nodes: make([]node, o.Nodes+o.Whole)}
	rules := swarm.DefaultRules()
	rules.Wait, rules.Fanout, rules.PerZone = o.Wait, o.Fanout, o.LeaseByZone
	for range o.Blobs {
		c.trees = append(c.trees, swarm.NewTree(&rules, &c.ledger))
		c.pulls = append(c.pulls, make([]pull, len(c.nodes)))
	}
	c.whole = make([][]uint32, o.Blobs)
	for i := range o.Zones {
		c.zones = append(c.zones, &trackerapi.Node{Zone: fmt.Sprint("zone-", i)})
	}
	for i := range c.nodes {
		c.prepare(uint32(i))
	}
	c.every(expiry, func() {
		for _, t := range c.trees {
			t.Expire(c.now)
		}
	})
	return c
}

// prepare puts a node on the agenda.
func (c *crowd) prepare(id uint32) {
	n := &c.nodes[id]
	*n = node{id: id, zone: int(id) % c.o.Zones, intake: c.o.intake(), left: c.o.Blobs, free: slots}
	for blob := range c.pulls {
		c.pulls[blob][id] = pull{node: n, blob: blob, from: nobody}
	}
	if c.o.KnownLinks {
		c.ledger.Note(id, int64(c.o.link()), int64(c.o.intake()), 0)
	}
	if int(id) >= c.o.Nodes {
		for blob := range c.pulls {
			p := &c.pulls[blob][id]
			p.offset, p.done = c.o.size(), true
			c.whole[blob] = append(c.whole[blob], id)
		}
		return
	}
	if c.rand.Float64() < c.o.SlowTail {
		n.intake /= 4
	}
	n.arrived = time.Duration(c.rand.Float64() * float64(max(c.o.Arrivals, 10*time.Millisecond)))
	c.agenda.add(n.arrived, func() { c.arrive(n) })
	if c.rand.Float64() < c.o.Deaths {
		midway := time.Duration(c.rand.Float64() * c.o.bound() * float64(time.Second))
		c.agenda.add(n.arrived+midway, func() { c.die(n) })
	}
}

// after does something somewhat later.
func (c *crowd) after(d time.Duration, do func()) { c.agenda.add(c.now+d, do) }

// every does something at the tracker again and again.
func (c *crowd) every(d time.Duration, do func()) {
	c.after(d, func() {
		do()
		c.admit()
		c.every(d, do)
	})
}

// advance goes on by one step of the flow, with all that happens in it.
func (c *crowd) advance() error {
	until := c.now + c.o.Step
	for {
		at, any := c.agenda.next()
		if !any {
			return errors.New("nothing happens any more")
		}
		if at > until {
			break
		}
		e := c.agenda.pop()
		c.now = e.at
		e.do()
	}
	c.now = until
	c.flow(c.o.Step.Seconds())
	return nil
}

// admit lets the tracker answer those who wait.
func (c *crowd) admit() {
	for blob, t := range c.trees {
		t.Admit(c.now, func(w *swarm.Waiter, ans swarm.Answer) {
			n := &c.pulls[blob][w.Node]
			c.result.waits = append(c.result.waits, c.now-w.Since)
			c.after(c.o.RoundTrip/2, func() { c.answered(n, ans) })
		})
	}
}

// world is what the tracker knows of the nodes, as one of them sees it.
type world struct {
	*crowd
	self *pull
}

// Look implements [swarm.World].
func (w world) Look(id uint32) (swarm.Candidate, bool) {
	n := &w.nodes[id]
	return swarm.Candidate{
		Node: w.zones[n.zone], Ordinal: id, Near: n.zone == w.self.zone, Uploads: n.uploads, Stability: 1,
	}, !n.buried && n != w.self.node
}

// Whole implements [swarm.World], as the tracker does.
func (w world) Whole() []swarm.Candidate {
	whole := w.whole[w.self.blob]
	if len(whole) == 0 {
		return nil
	}
	turn := w.rand.IntN(len(whole))
	return swarm.Gather(func(yield func(uint32) bool) {
		for i := range whole {
			if !yield(whole[(turn+i)%len(whole)]) {
				return
			}
		}
	}, w.Look, 4)
}
