package compose

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// tries is how often somebody else may pull when a pull was over before anybody
// could be killed.
const tries = 3

// interrupt lets the last node pull what the others have, and kills the one
// that is sending it the big layer. The pull must not mind.
func (s *stage) interrupt(ctx context.Context) (victim *node, err error) {
	last, holders := s.nodes[len(s.nodes)-1], s.nodes[:len(s.nodes)-1]
	for range tries {
		ref, img, err := s.fresh(ctx)
		if err != nil {
			return nil, err
		}
		if err := s.pullInTurn(ctx, holders, ref, img); err != nil {
			return nil, err
		}
		victim, err := s.killSender(ctx, last, holders, ref, img)
		if victim != nil || err != nil {
			return victim, err
		}
		s.say("demo", "that was too fast to kill anybody: once more")
	}
	return nil, fmt.Errorf("in %d tries no node was killed while it was sending", tries)
}

// killSender is nil when the pull was over too soon.
func (s *stage) killSender(ctx context.Context, n *node, holders []*node, ref string, img *imagekit.Image) (victim *node, err error) {
	before, err := uploads(ctx, holders)
	if err != nil {
		return nil, err
	}
	s.say(n.name, "pulls it, too")
	var pull errgroup.Group
	over := make(chan struct{})
	pull.Go(func() error {
		defer close(over)
		return s.pull(ctx, n, ref, img)
	})
	victim, err = s.killOnTheWay(ctx, n, holders, before, img.Layers()[0], over)
	return victim, errors.Join(err, pull.Wait())
}

func (s *stage) killOnTheWay(ctx context.Context, n *node, holders []*node, before []float64, big imagekit.Part, over <-chan struct{}) (*node, error) {
	if ok, err := underWay(ctx, n, big, over); !ok || err != nil {
		return nil, err
	}
	now, err := uploads(ctx, holders)
	if err != nil {
		return nil, err
	}
	i := busiest(before, now)
	if err := s.engine.kill(ctx, holders[i].name); err != nil {
		return nil, err
	}
	s.say(holders[i].name, "killed, after it has sent %s", size(now[i]-before[i]))
	return holders[i], nil
}

// underWay waits until the node has a good deal of the blob, but not all of it.
func underWay(ctx context.Context, n *node, big imagekit.Part, over <-chan struct{}) (bool, error) {
	for {
		at, err := n.offset(ctx, big.Digest)
		if at > big.Size/8 || err != nil {
			return err == nil, err
		}
		select {
		case <-over:
			return false, nil
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// uploads is how much each node has sent to its neighbours so far.
func uploads(ctx context.Context, nodes []*node) ([]float64, error) {
	sent := make([]float64, len(nodes))
	for i, n := range nodes {
		var err error
		if sent[i], err = n.uploaded(ctx); err != nil {
			return nil, err
		}
	}
	return sent, nil
}

// busiest is the index of who has sent the most in between.
func busiest(before, now []float64) int {
	most := 0
	for i := range now {
		if now[i]-before[i] > now[most]-before[most] {
			most = i
		}
	}
	return most
}
