package compose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/seeder/pullcmd"
	"github.com/drayproject/dray/shared/trackerapi"
)

// stage is everything that the demo plays with.
type stage struct {
	registry string
	layers   []int64 // bytes of each; a node is killed during the first, so it should be much the largest
	nodes    []*node
	trackers []string // the services that live
	engine   *engine

	out   io.Writer
	began time.Time
	pulls atomic.Int64 // that were verified
}

func (s *stage) play(ctx context.Context) error {
	for _, act := range []func(context.Context) error{
		s.everyNodePulls,
		s.aNodeDies,
		s.aTrackerDies,
		s.redisDies,
		s.everythingIsChecked,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) act(title string) { _, _ = fmt.Fprintf(s.out, "\n%s\n", title) }

func (s *stage) say(who, format string, args ...any) {
	_, _ = fmt.Fprintf(s.out, "%6.1f s  %-8s  %s\n", time.Since(s.began).Seconds(), who, fmt.Sprintf(format, args...))
}

// fresh pushes an image that nobody has ever seen: neither a node, nor the
// registry in an earlier play.
func (s *stage) fresh(ctx context.Context) (ref string, img *imagekit.Image, err error) {
	dir, err := os.MkdirTemp("", "dray-image-")
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	seed := time.Now().UnixNano()
	img, err = imagekit.Build(dir, imagekit.Spec{Seed: uint64(seed), Layers: s.layers})
	if err != nil {
		return "", nil, err
	}
	ref = fmt.Sprintf("%s/demo/app:%d", s.registry, seed)
	if err := img.Push(ctx, ref, http.DefaultTransport); err != nil {
		return "", nil, err
	}
	s.say("registry", "has a new image: %s", pullcmd.Size(img.Size()))
	return ref, img, nil
}

// pullInTurn has the first node pull, and then all the others at once. Some of
// them must get something from a neighbour, or all of this shows nothing.
func (s *stage) pullInTurn(ctx context.Context, nodes []*node, ref string, img *imagekit.Image) error {
	first, others := nodes[0], nodes[1:]
	if err := s.pull(ctx, first, ref, img); err != nil {
		return err
	}
	if err := s.known(ctx, img); err != nil {
		return err
	}
	before, err := receivedBy(ctx, others)
	if err != nil {
		return err
	}
	var pulls errgroup.Group
	for _, n := range others {
		pulls.Go(func() error { return s.pull(ctx, n, ref, img) })
	}
	if err := pulls.Wait(); err != nil {
		return err
	}
	after, err := receivedBy(ctx, others)
	if err == nil && after == before {
		err = fmt.Errorf("%s has %s, and nobody got anything of it from there", first.name, ref)
	}
	return err
}

// pull has the node pull, verifies it, and tells where it came from.
func (s *stage) pull(ctx context.Context, n *node, ref string, img *imagekit.Image) error {
	before, err := n.received(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := n.pull(ctx, ref, img.Parts); err != nil {
		return err
	}
	after, err := n.received(ctx)
	if err != nil {
		return err
	}
	s.pulls.Add(1)
	neighbours := min(int64(after-before), img.Size()) // a piece may have been asked for twice
	s.say(n.name, "has pulled and verified it in %.1f s: %s from neighbours, %s from the registry",
		time.Since(began).Seconds(), pullcmd.Size(neighbours), pullcmd.Size(img.Size()-neighbours))
	return nil
}

// known waits until every tracker that lives hands out somebody for each part.
func (s *stage) known(ctx context.Context, img *imagekit.Image) error {
	ask := trackerapi.LookupRequest{Node: "demo", Limit: 1}
	for _, p := range img.Parts {
		ask.Digests = append(ask.Digests, p.Digest)
	}
	for _, tracker := range s.trackers {
		c := trackerapi.NewClient(tracker+":7070", http.DefaultClient)
		err := until(ctx, tracker+" knows a holder", func() (bool, error) {
			ctx, cancel := context.WithTimeout(ctx, lookTimeout)
			defer cancel()
			found, err := c.Lookup(ctx, ask)
			return err == nil && !slices.ContainsFunc(found.Handouts, func(h trackerapi.Handout) bool { return len(h) == 0 }), err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// until looks, often, whether the condition holds at last.
func until(ctx context.Context, what string, condition func() (bool, error)) error {
	const limit = time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		ok, err := condition()
		if ok && err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %v: %s: %w", limit, what, errors.Join(ctx.Err(), err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// comesBack starts services that were killed, in this order, and waits until
// they are well.
func (s *stage) comesBack(ctx context.Context, services ...string) error {
	for _, service := range services {
		if err := s.engine.start(ctx, service); err != nil {
			return err
		}
		err := until(ctx, service+" is healthy", func() (bool, error) { return s.engine.healthy(ctx, service) })
		if err != nil {
			return err
		}
		s.say(service, "is back")
	}
	return nil
}
