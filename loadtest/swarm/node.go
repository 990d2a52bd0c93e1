package swarm

import "time"

const (
	// slots is how many requests for layers a containerd has under way at a time.
	slots = 3
	// rounds is how often somebody waits, if the tracker says that it is worth it.
	rounds = 20
	// grain is what containerd writes at a time of what it gets from the origin: so
	// much is there for others, or nothing. What it gets from a neighbour is there
	// before it is written.
	grain = 1 << 20
)

// node is a seeder with its containerd.
type node struct {
	id      uint32
	zone    int
	intake  float64 // bytes per second
	arrived time.Duration
	dead    bool
	left    int // blobs that it has not got yet

	// containerd asks for all blobs in turn, and holds a slot for each answer until
	// it has its last byte. Who is sent to the origin queues once more.
	free    int
	waiting []func()

	room    float64 // what it can still take in, in this step
	streams int     // for which

	sent    float64 // since its last heartbeat
	uploads int     // as the tracker knows
	buried  bool    // the tracker knows that it is dead
}

func (c *crowd) arrive(n *node) {
	c.after(time.Duration(c.rand.Float64()*float64(beat)), func() { c.heartbeat(n) })
	for _, blob := range c.order() {
		c.queue(n, func() { c.ask(&c.pulls[blob][n.id]) })
	}
}

// order is that in which a node asks for the blobs: the same for all, or chance's.
func (c *crowd) order() []int {
	all := make([]int, c.o.Blobs)
	for i := range all {
		all[i] = i
	}
	if c.o.Shuffle {
		c.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return all
}

// queue has something done as soon as there is a slot.
func (c *crowd) queue(n *node, do func()) {
	n.waiting = append(n.waiting, do)
	c.takeSlots(n)
}

func (c *crowd) leaveSlot(n *node) {
	n.free++
	c.takeSlots(n)
}

func (c *crowd) takeSlots(n *node) {
	for n.free > 0 && len(n.waiting) > 0 {
		do := n.waiting[0]
		n.waiting = n.waiting[1:]
		n.free--
		do()
	}
}
