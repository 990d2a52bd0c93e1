package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/seeder/puller"
	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	repository = "demo/app:1"
	nodes      = 4
	patience   = 5 * time.Minute // a cold compile takes most of it on a slow machine
)

// stage is everything that a demo plays with. All of it is gone when the demo
// is over, however it ends.
type stage struct {
	Options
	*timeline
	dir     string // for files
	img     *imagekit.Image
	origin  *origin
	tracker string // its address for nodes
	process *child // the tracker's
	nodes   []*node
	report  Report

	children []*child       // all processes ever started
	pulls    sync.WaitGroup // under way
}

// Play plays the demo and tells it to out. The error says what went wrong or
// turned out untrue.
func Play(ctx context.Context, o Options, out io.Writer) (Report, error) {
	dir, err := os.MkdirTemp("", "dray-demo-")
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bounded, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the demo is stuck: it is not over after %v", patience))
	defer cancel()
	s := &stage{Options: o, timeline: newTimeline(out), dir: dir}
	defer s.close()
	err = s.play(bounded)
	switch {
	case ctx.Err() != nil:
		err = errors.New("interrupted; nothing is left behind")
	case bounded.Err() != nil:
		err = context.Cause(bounded)
	}
	return s.report, err
}

func (s *stage) play(ctx context.Context) error {
	for _, act := range []func(context.Context) error{
		s.raiseTheCurtain,
		s.oneNodePullsFromTheRegistry,
		s.theRegistryIsClosed,
		s.twoNodesPullAtOnce,
		s.aHolderDiesWhileItSends,
		s.everythingIsChecked,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// close ends all that was started.
func (s *stage) close() {
	for _, c := range s.children {
		c.Kill() // once more does no harm
	}
	s.pulls.Wait() // they may still have something to say
	if s.origin != nil {
		_ = s.origin.close()
	}
}

func (s *stage) start(ctx context.Context, name, program string, args ...string) (*child, error) {
	c, err := start(ctx, name, s.dir, filepath.Join(s.dir, program), args...)
	if err == nil {
		s.children = append(s.children, c)
	}
	return c, err
}

func (s *stage) startTracker(ctx context.Context) (err error) {
	s.process, err = s.start(ctx, "tracker", "tracker",
		"--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--log-format=json")
	if err != nil {
		return err
	}
	var listening struct{ Nodes string }
	err = s.process.said(ctx, "tracker is listening", &listening)
	s.tracker = listening.Nodes
	return err
}

// image is the full name, as every node pulls it.
func (s *stage) image() string { return s.origin.addr + "/" + repository }

func (s *stage) layerName(d digest.Digest) string {
	i := slices.IndexFunc(s.img.Layers(), func(p imagekit.Part) bool { return p.Digest == d })
	return fmt.Sprintf("layer %d", i+1)
}

// big is the layer that is interrupted.
func (s *stage) big() imagekit.Part { return s.img.Layers()[0] }

// begin makes the node pull the image, and tells of its layers.
func (s *stage) begin(ctx context.Context, n *node) *pull {
	s.say(n.name, "pulls %s", repository)
	p := newPull(n)
	s.pulls.Go(func() {
		p.run(ctx, s.image(), func(b puller.Blob) {
			if b.Kind == "layer" {
				s.say(n.name, "  %s  %10s  in %4.1f s  from %s", s.layerName(b.Digest), size(b.Size), b.Seconds, from(b.Sources))
			}
		})
	})
	return p
}

// finish waits for the pull and enters it in the report.
func (s *stage) finish(p *pull) error {
	t, err := p.wait()
	if err != nil {
		return fmt.Errorf("%w; its log ends:\n%s", err, p.node.tail())
	}
	s.report.Pulls = append(s.report.Pulls, Pull{Node: p.node.name, Totals: t})
	s.say(p.node.name, "has the image after %.1f s", t.Seconds)
	return nil
}

// known waits until the tracker hands out n holders of each part.
func (s *stage) known(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("the tracker did not hear of %d holders", n))
	defer cancel()
	c := trackerapi.NewClient(s.tracker, newClient())
	for {
		if ok, err := s.hasHolders(ctx, c, n); ok && err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; its log ends:\n%s", context.Cause(ctx), s.process.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *stage) hasHolders(ctx context.Context, c *trackerapi.Client, n int) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	ask := trackerapi.LookupRequest{Node: "demo", Limit: nodes}
	for _, p := range s.img.Parts {
		ask.Digests = append(ask.Digests, p.Digest)
	}
	found, err := c.Lookup(ctx, ask)
	if err != nil || slices.ContainsFunc(found.Handouts, func(h trackerapi.Handout) bool { return len(h) < n }) {
		return false, err
	}
	names, err := c.Resolve(ctx, trackerapi.ResolveRequest{Node: "demo", Names: []string{s.image()}})
	return err == nil && names.Images[0].Digest == s.img.Digest, err
}
