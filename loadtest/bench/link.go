package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

const (
	linkRate  = testbed.Gbit
	linkLayer = 768 << 20 // bytes of the layer; about 6.5 s at 1 Gbit/s

	linkRegistry = "registry.test"
	linkImage    = "bench/link:1"
	linkRef      = linkRegistry + "/" + linkImage
)

// linkStage is a pair of nodes and a registry on links of 1 Gbit/s. The giver
// has the image, and an nginx that serves the same file.
type linkStage struct {
	*pair
	report   *Report
	registry *testbed.Registry
	image    *imagekit.Image
	layer    imagekit.Part
}

// measureLink has a node pull an image with containerd: from the registry, and,
// once that is cut off, from its neighbour. Between the two the same file goes
// over the same link by nginx.
func measureLink(t testbed.T, r *Report) {
	s := newLinkStage(t, r)
	for range r.Rounds {
		s.pullFromRegistry()
		nginx := s.downloadFromNginx()
		r.note("Dray / nginx, payload", "×", nil, s.pullFromNeighbour()/nginx)
	}
}

func newLinkStage(t testbed.T, r *Report) *linkStage {
	t.Helper()
	img, err := imagekit.Build(testbed.Cache("images"), imagekit.Spec{Seed: 7, Layers: []int64{linkLayer}})
	if err != nil {
		t.Fatalf("%w", err)
	}
	s := &linkStage{pair: newPair(t), report: r, image: img, layer: img.Layers()[0]}
	s.registry = s.Registry(s.Host("registry"))
	s.registry.Push(linkImage, img)
	s.startSeeder(s.taker, "--upstreams="+linkRegistry+"="+s.registry.URL)
	s.giver.Mirror(linkRegistry, s.registry.URL)
	s.pull(t.Context(), s.giver, "once")
	s.startNginx(s.giver)
	for _, h := range []*testbed.Host{s.giver.Host, s.taker.Host, s.registry.Host} {
		h.SetRate(linkRate)
	}
	return s
}

func (s *linkStage) pullFromRegistry() {
	s.taker.Mirror(linkRegistry, s.registry.URL)
	took := s.pull(s.t.Context(), s.taker, "from the registry")
	s.taker.Remove(linkRef)
	s.report.note("registry, whole pull", "s", nil, took.Seconds())
}

func (s *linkStage) downloadFromNginx() (payload float64) {
	payload, wire := s.watch("from nginx", func(ctx context.Context) error {
		url := fmt.Sprintf("http://%s/%s", s.giver.Host.At(nginxPort), s.layer.Digest.Encoded())
		return fetchAll(ctx, s.taker.Host.Client(), url, make([]byte, readSize), s.layer.Size)
	})
	s.report.note("nginx, payload", "% of the link", nil, payload)
	s.report.note("nginx, on the wire", "% of the link", nil, wire)
	return payload
}

func (s *linkStage) pullFromNeighbour() (payload float64) {
	s.waitAnnounced([]digest.Digest{s.layer.Digest}, 1)
	s.taker.Mirror(linkRegistry, s.registry.URL, testbed.MirrorURL)
	s.registry.Host.Unplug()
	var took time.Duration
	payload, wire := s.watch("from the neighbour", func(ctx context.Context) error {
		took = s.pull(ctx, s.taker, "from the neighbour")
		return nil
	})
	s.registry.Host.Plug()
	s.taker.Remove(linkRef)
	s.report.note("Dray, payload", "% of the link", atLeast(95), payload)
	s.report.note("Dray, on the wire", "% of the link", nil, wire)
	s.report.note("Dray, whole pull", "s", nil, took.Seconds())
	return payload
}

// pull is a whole pull: tag, manifests, layer, unpacking.
func (s *linkStage) pull(ctx context.Context, n *node, how string) time.Duration {
	s.t.Helper()
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if err := n.Pull(ctx, linkRef); err != nil {
		s.t.Fatalf("pull %s: %w", how, err)
	}
	return time.Since(began)
}
