package e2e

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// replicated is a cluster with several trackers that share a Redis.
type replicated struct {
	*cluster
	redis *testbed.Redis
}

// newReplicated starts everything but nodes.
func newReplicated(t *testing.T, trackers int) *replicated {
	t.Helper()
	testbed.Require(t, "redis-server")
	t.Parallel()
	c := &replicated{cluster: newSite(t)}
	c.redis = c.Redis(c.Host("redis"))
	for i := range trackers {
		c.trackers = append(c.trackers, c.startTracker(fmt.Sprintf("t%d", i+1), "--redis="+c.redis.URL))
	}
	c.tracker = c.trackers[0]
	return c
}

// fetch gets the image without unpacking it.
func (n *node) fetch(ref string) {
	n.cluster.t.Helper()
	if err := n.Fetch(n.cluster.t.Context(), ref); err != nil {
		n.cluster.t.Fatal(err)
	}
}

// small is an image of a few kilobytes.
type small struct {
	*imagekit.Image
	ref string // by digest: a tag would be the registry's business
}

func (c *cluster) pushSmall(count int) (images []small) {
	c.t.Helper()
	for i := range count {
		img, ref := c.push(imagekit.Spec{Seed: uint64(100 + i), Layers: []int64{1000, 1000}})
		ref = ref[:strings.LastIndex(ref, ":")] + "@" + img.Digest.String()
		images = append(images, small{img, ref})
	}
	return images
}

// pullAll pulls one image after the other in the background, all of which must
// succeed. The function that it returns waits for the end.
func (n *node) pullAll(images []small) (wait func()) {
	t := n.cluster.t
	var done sync.WaitGroup
	t.Cleanup(done.Wait)
	done.Go(func() {
		for _, i := range images {
			begin := time.Now()
			err := errors.Join(n.tryPull(i.ref), n.Check(i.Image))
			if t.Context().Err() != nil {
				return
			}
			if err != nil {
				t.Error(err)
			}
			t.Logf("a pull took %s", time.Since(begin).Round(time.Millisecond))
			<-time.After(2*time.Second - time.Since(begin))
		}
	})
	return done.Wait
}

// holdings says which nodes have each digest, in alphabetical order.
type holdings map[digest.Digest][]string

// truth is what is in the nodes' content stores.
func (c *cluster) truth() holdings {
	c.t.Helper()
	h := holdings{}
	for _, n := range c.nodes {
		for _, d := range n.Blobs() {
			h[digest.Digest(d)] = append(h[digest.Digest(d)], n.Host.Name)
		}
	}
	return h
}

// knows tells where the tracker's answers differ from the truth; nil if they
// do not.
func (tr *tracker) knows(truth holdings) error {
	var ds []digest.Digest
	for d := range truth {
		ds = append(ds, d)
	}
	got, err := tr.lookup(ds...)
	if err != nil {
		return fmt.Errorf("%s: %w", tr.host.Name, err)
	}
	for i, d := range ds {
		if !slices.Equal(got[i], truth[d]) {
			return fmt.Errorf("%s: %s is held by %v; want %v", tr.host.Name, d, got[i], truth[d])
		}
	}
	return nil
}

// waitKnown waits until all trackers that the seeders know tell the truth.
func (c *cluster) waitKnown(truth holdings, deadline time.Duration) {
	c.t.Helper()
	for _, tr := range c.trackers {
		tr.waitKnows(truth, deadline)
	}
}

func (tr *tracker) waitKnows(truth holdings, deadline time.Duration) {
	t := tr.cluster.t
	t.Helper()
	var err error
	defer func() {
		if err != nil {
			t.Log(err)
		}
	}()
	tr.cluster.Eventually(deadline, tr.host.Name+" tells the truth", func() bool {
		err = tr.knows(truth)
		return err == nil
	})
}

// waitRemembered waits until Redis alone tells the truth: to a tracker of which
// no seeder knows.
func (c *replicated) waitRemembered(truth holdings, deadline time.Duration) {
	c.t.Helper()
	c.Eventually(deadline, "Redis holds the truth", func() bool {
		fresh := c.startTracker("fresh", "--redis="+c.redis.URL)
		defer fresh.Kill()
		return fresh.knows(truth) == nil
	})
}

// waitSessions waits until the seeder has a session with this many trackers.
func (n *node) waitSessions(count int) {
	n.cluster.t.Helper()
	want := fmt.Sprint(count)
	n.cluster.Eventually(soon, n.Host.Name+" has a session with "+want+" trackers", func() bool {
		return n.metric("dray_seeder_tracker_sessions") == want
	})
}

// metric is the value of a metric without labels, "" when it can't be had.
func (n *node) metric(name string) string {
	n.cluster.t.Helper()
	url := fmt.Sprintf("http://127.0.0.1:%d/metrics", testbed.MetricsPort)
	req, err := http.NewRequestWithContext(n.cluster.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		n.cluster.t.Fatal(err)
	}
	res, err := n.Host.Client().Do(req)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	all, _ := io.ReadAll(res.Body)
	if found := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindSubmatch(all); found != nil {
		return string(found[1])
	}
	return ""
}
