package compose

import (
	"context"
	"slices"

	"github.com/drayproject/dray/seeder/pullcmd"
)

func (s *stage) everyNodePulls(ctx context.Context) error {
	s.act("every node pulls an image")
	ref, img, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	return s.pullInTurn(ctx, s.nodes, ref, img)
}

// aNodeDies: the others go on without it, and it is back in the end.
func (s *stage) aNodeDies(ctx context.Context) error {
	s.act("a node is killed while it sends")
	victim, err := s.interrupt(ctx)
	if err != nil {
		return err
	}
	living := slices.DeleteFunc(slices.Clone(s.nodes), func(n *node) bool { return n == victim })
	ref, img, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	if err := s.pullInTurn(ctx, living, ref, img); err != nil {
		return err
	}
	if err := s.comesBack(ctx, victim.name, victim.seeder()); err != nil {
		return err
	}
	return s.pull(ctx, victim, ref, img)
}

func (s *stage) aTrackerDies(ctx context.Context) error {
	s.act("a tracker is killed")
	victim := s.trackers[0]
	if err := s.kill(ctx, victim); err != nil {
		return err
	}
	s.trackers = s.trackers[1:]
	ref, img, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	if err := s.pullInTurn(ctx, s.nodes, ref, img); err != nil {
		return err
	}
	s.trackers = append(s.trackers, victim)
	return s.comesBack(ctx, victim)
}

func (s *stage) redisDies(ctx context.Context) error {
	s.act("Redis is killed")
	if err := s.trackersSay(ctx, "warm"); err != nil {
		return err
	}
	if err := s.kill(ctx, "redis"); err != nil {
		return err
	}
	if err := s.trackersSay(ctx, "no redis"); err != nil {
		return err
	}
	ref, img, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	if err := s.pullInTurn(ctx, s.nodes, ref, img); err != nil {
		return err
	}
	if err := s.comesBack(ctx, "redis"); err != nil {
		return err
	}
	return s.trackersSay(ctx, "warm")
}

func (s *stage) everythingIsChecked(context.Context) error {
	s.act("is it all there, and right?")
	blobs, err := verifyAll(s.nodes)
	if err != nil {
		return err
	}
	s.say("demo", "%d pulls, none failed; %d blobs on %d nodes hashed again, every digest is right", s.pulls.Load(), blobs, len(s.nodes))
	return nil
}

func (s *stage) kill(ctx context.Context, service string) error {
	if err := s.engine.kill(ctx, service); err != nil {
		return err
	}
	s.say(service, "killed")
	return nil
}

func (s *stage) trackersSay(ctx context.Context, state string) error {
	for _, tracker := range s.trackers {
		err := until(ctx, tracker+" says "+state, func() (bool, error) {
			found, err := memory(ctx, tracker)
			return found == state, err
		})
		if err != nil {
			return err
		}
		s.say(tracker, "says of the common memory: %s", state)
	}
	return nil
}

// bytes for people.
func size(n float64) string { return pullcmd.Size(int64(n)) }
