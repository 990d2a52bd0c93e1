// Package embedded is a whole cluster within the process of a test: a tracker,
// seeders with stores of their own, and a registry. It is for tests that look at
// the cluster from outside, over its listeners; those that need containerd or a
// network to break have [github.com/drayproject/dray/loadtest/testbed].
package embedded

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	seeder "github.com/drayproject/dray/seeder/app"
	"github.com/drayproject/dray/seeder/puller"
	tracker "github.com/drayproject/dray/tracker/app"
)

// Patience is how long a test waits for what takes no time on a machine that has
// nothing else to do.
const Patience = 90 * time.Second

// Cluster is a tracker and the seeders that are added to it. It ends with its
// test.
type Cluster struct {
	Tracker *tracker.Tracker
	Log     *slog.Logger // of seeders to come; at first it says nothing

	t testing.TB
}

// New starts a tracker; change is made to its configuration.
func New(t testing.TB, change func(*tracker.Config)) *Cluster {
	t.Helper()
	cfg := tracker.Default()
	cfg.Listen, cfg.AdminListen = "127.0.0.1:0", "127.0.0.1:0"
	change(&cfg)
	c := &Cluster{t: t, Log: slog.New(slog.DiscardHandler)}
	var err error
	if c.Tracker, err = tracker.New(cfg, c.Log); err != nil {
		t.Fatal(err)
	}
	c.run(c.Tracker.Run)
	return c
}

// Seeder starts a node; change is made to its configuration.
func (c *Cluster) Seeder(name string, change func(*seeder.Config)) *seeder.App {
	c.t.Helper()
	cfg := seeder.Default()
	cfg.NodeName, cfg.Trackers = name, []string{c.Tracker.NodeAddr()}
	cfg.MirrorListen, cfg.PeerListen, cfg.MetricsListen = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Store, cfg.EmbeddedRoot = "embedded", c.t.TempDir()
	cfg.MinFreeDisk = 0 // all nodes share one disk, and it may be nearly full
	change(&cfg)
	s, err := seeder.New(c.t.Context(), cfg, c.Log)
	if err != nil {
		c.t.Fatal(err)
	}
	c.run(s.Run)
	return s
}

// Rack is a change of a node's configuration that says where it is.
func Rack(name, zone string) func(*seeder.Config) {
	return func(cfg *seeder.Config) { cfg.Zone, cfg.Labels = zone, map[string]string{"rack": name} }
}

// Pull has a node pull an image.
func (c *Cluster) Pull(s *seeder.App, image string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), Patience)
	defer cancel()
	if err := puller.Ask(ctx, s.MirrorAddr(), puller.Request{Image: image}, func(puller.Event) {}); err != nil {
		c.t.Fatal(err)
	}
}

// Registry serves an image until the test ends, through what around makes of its
// handler, and returns the image's name.
func Registry(t testing.TB, image *imagekit.Image, around func(http.Handler) http.Handler) (name string) {
	registry := httptest.NewServer(around(imagekit.Handler(map[string]*imagekit.Image{"library/app:1": image})))
	t.Cleanup(registry.Close)
	return strings.TrimPrefix(registry.URL, "http://") + "/library/app:1"
}

// Plainly is for a registry with nothing around it.
func Plainly(h http.Handler) http.Handler { return h }

// Image makes one with layers of these sizes, in bytes.
func Image(t testing.TB, seed uint64, layers ...int64) *imagekit.Image {
	t.Helper()
	image, err := imagekit.Build(t.TempDir(), imagekit.Spec{Seed: seed, Layers: layers})
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// run runs something until the test ends.
func (c *Cluster) run(do func(context.Context) error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(c.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- do(ctx) }()
	c.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			c.t.Error(err)
		}
	})
}
