package bench

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// step is how much has to come to a node to count as going on: acknowledgements
// alone must not.
const step = 64 << 10

// noteLoss has the first node begin and the others follow. It kills the one of those
// that has children when half of the image has come to it, and looks at how long the
// others then stand still.
func (c *crowd) noteLoss(r *Report) {
	ctx, cancel := context.WithTimeout(c.t.Context(), crowdTimeout)
	defer cancel()
	before := c.registry.Host.Traffic()
	pulls := make([]chan error, len(c.nodes))
	for i, n := range c.nodes {
		pulls[i] = make(chan error, 1)
		go func() { pulls[i] <- n.Pull(ctx, c.ref()) }()
		c.Eventually(crowdTimeout, "the first has begun", func() bool {
			return c.nodes[0].Host.Traffic().Received >= 2*mib
		})
	}
	lost := c.awaitInner()
	c.t.Logf("  %s is lost", c.nodes[lost].Host.Name)
	c.nodes[lost].seeder.Kill()
	c.nodes[lost].Kill()
	var longest time.Duration
	var mu sync.Mutex
	var watching sync.WaitGroup
	for i, n := range c.nodes {
		if i == lost {
			continue
		}
		watching.Go(func() {
			pause := c.longestPause(ctx, n)
			c.t.Logf("  %s stood still for %s", n.Host.Name, pause.Round(time.Millisecond))
			mu.Lock()
			defer mu.Unlock()
			longest = max(longest, pause)
		})
	}
	watching.Wait()
	var errs []error
	for i := range c.nodes {
		if err := <-pulls[i]; i != lost {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		c.t.Fatalf("%w", err)
	}
	r.note(c.name+", Dray, longest pause of another", "ms", atMost(150), float64(longest.Milliseconds()))
	r.note(c.name+", Dray, registry sent", "copies", atMost(2.2), c.copies(c.registry.Host, before))
}

// awaitInner waits until half of the image has come to a node that has sent a good
// part of that on. The first one gets it from the registry.
func (c *crowd) awaitInner() (inner int) {
	half := c.image.Size() / 2
	c.Eventually(crowdTimeout, "an inner node is in the middle", func() bool {
		inner = 1 + slices.IndexFunc(c.nodes[1:], func(n *node) bool {
			now := n.Host.Traffic()
			return now.Received >= half && now.Sent >= half/2
		})
		return inner > 0
	})
	return inner
}

// longestPause is the longest time in which the node got nothing to speak of, until
// it has everything.
func (c *crowd) longestPause(ctx context.Context, n *node) (longest time.Duration) {
	moved, at := time.Now(), n.Host.Traffic().Received
	tick := time.NewTicker(crowdTick)
	defer tick.Stop()
	for missing := n.missing(c.image.Parts); len(missing) > 0; missing = n.missing(missing) {
		if now := n.Host.Traffic().Received; now-at >= step {
			longest = max(longest, time.Since(moved))
			moved, at = time.Now(), now
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return longest
		}
	}
	return longest
}
