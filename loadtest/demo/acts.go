package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

func (s *stage) raiseTheCurtain(ctx context.Context) error {
	s.act("a registry, a tracker, four nodes")
	s.say("demo", "compiles tracker and seeder, and makes an image")
	var both errgroup.Group
	both.Go(func() error { return build(ctx, s.dir) })
	both.Go(func() (err error) {
		s.img, err = imagekit.Build(filepath.Join(s.dir, "image"), imagekit.Spec{Seed: 1, Layers: s.Layers})
		return err
	})
	err := both.Wait()
	if err != nil {
		return err
	}
	if s.origin, err = serveOrigin(ctx, repository, s.img, s.RegistryRate); err != nil {
		return err
	}
	s.say("registry", "has %s: %d layers, %s, on a link of %s", repository, len(s.Layers), size(s.img.Size()), rateOf(s.RegistryRate))
	if err := s.startTracker(ctx); err != nil {
		return err
	}
	s.say("tracker", "listens on %s", s.tracker)
	return s.startNodes(ctx)
}

func (s *stage) startNodes(ctx context.Context) error {
	for i := range nodes {
		n, err := s.startNode(ctx, fmt.Sprintf("node%d", i+1))
		if err != nil {
			return err
		}
		s.nodes = append(s.nodes, n)
		s.say(n.name, "is ready, with an empty store and a link of %s", rateOf(s.NodeRate))
	}
	return nil
}

func (s *stage) oneNodePullsFromTheRegistry(ctx context.Context) error {
	s.act("one node pulls: nobody else has it")
	if err := s.finish(s.begin(ctx, s.nodes[0])); err != nil {
		return err
	}
	return s.known(ctx, 1)
}

func (s *stage) theRegistryIsClosed(ctx context.Context) error {
	s.act("the registry goes away")
	if err := s.origin.close(); err != nil {
		return err
	}
	err := s.origin.answers(ctx)
	if err == nil {
		return errors.New("the registry is closed and still answers")
	}
	s.say("registry", "is closed: %v", err)
	return nil
}

func (s *stage) twoNodesPullAtOnce(ctx context.Context) error {
	s.act("two nodes pull at once")
	second, third := s.begin(ctx, s.nodes[1]), s.begin(ctx, s.nodes[2])
	if err := errors.Join(s.finish(second), s.finish(third)); err != nil {
		return err
	}
	return s.known(ctx, 3)
}
