package e2e

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// The node that is to get a layer for all has no credentials for it. Its own pull
// fails, as it would alone; everybody else gets the image, from each other or once
// they have waited for long enough.
func TestACrowdSurvivesOneThatTheRegistryRefuses(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 64, Layers: []int64{16 * MB}})
	c.addCrowd(4)
	refused, others := c.nodes[0], c.nodes[1:]
	g := newGate(c, refused.Host, biggest(img), func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(http.StatusUnauthorized)
	})
	c.slowLinks(g.host)
	for _, n := range c.nodes {
		n.Mirror(registryName, g.url, testbed.MirrorURL)
	}
	before := g.host.Traffic()
	ended := refused.startPull(ref)
	c.Eventually(soon, "the registry refuses the first", func() bool { return g.treated.Load() > 0 })
	startPulls(others, ref, img)()
	c.wantCopies(g.host, before, img, oneMore)
	if err := ended(); err != nil {
		t.Logf("the first: %v", err)
	}
}

// gate stands before the registry, and treats requests of one node for one blob
// differently.
type gate struct {
	host    *testbed.Host
	url     string
	treated atomic.Int64
}

func newGate(c *cluster, node *testbed.Host, p imagekit.Part, treat func(http.ResponseWriter, *http.Request, http.Handler)) *gate {
	c.t.Helper()
	upstream, err := url.Parse(c.registry.URL)
	if err != nil {
		c.t.Fatal(err)
	}
	const port = 5000
	g := &gate{host: c.Host("gate")}
	g.url = "http://" + g.host.At(port)
	proxy := httputil.NewSingleHostReverseProxy(upstream)
	proxy.Transport = g.host.Client().Transport
	g.host.Serve(fmt.Sprintf(":%d", port), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _, _ := strings.Cut(r.RemoteAddr, ":")
		if from == node.Addr.String() && strings.HasSuffix(r.URL.Path, p.Digest.String()) {
			g.treated.Add(1)
			treat(w, r, proxy)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	return g
}
