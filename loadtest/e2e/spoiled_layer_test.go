package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

var spoiledImage = imagekit.Spec{Seed: 6, Layers: []int64{30 * MB, 5 * MB, 1000}}

// The only node that has an image sends next to nothing of its large layer. The
// pull goes on at the registry.
func TestALayerThatOnlyDripsIsFetchedFromTheRegistry(t *testing.T) {
	c, img, ref := newCluster(t, spoiledImage)
	holder, asker := c.addSpoiled(img, dripping), c.addNode()
	holder.pull(ref, img)
	c.waitHolders(img, 1, soon)
	before, began := c.registry.Host.Traffic(), time.Now()
	asker.pull(ref, img)
	t.Logf("done after %s", time.Since(began).Round(time.Millisecond))
	holder.wantAsked()
	if sent := c.registry.Host.Traffic().Sub(before).Sent; sent < biggest(img).Size*9/10 {
		t.Errorf("the registry has sent %d bytes of the layer's %d", sent, biggest(img).Size)
	}
}

// The holder that is asked first spoils its large layer; another one is well, and
// the registry is cut off. The pull comes from that one. Where the bytes are wrong
// from the first on, the other's chain may be late, and this is known with the last
// of them, too late for the pull under way: nothing of it is committed, and the next
// one is right.
func TestALayerThatOneHolderSpoilsComesFromTheOther(t *testing.T) {
	for name, how := range map[string]struct {
		spoil func(http.ResponseWriter, *http.Request) http.ResponseWriter
		pulls int // of which the last must succeed
	}{
		"drips": {dripping, 1},
		"wrong": {wrong, 2},
	} {
		t.Run(name, func(t *testing.T) {
			c, img, ref := newCluster(t, spoiledImage)
			ref = ref[:strings.LastIndex(ref, ":")] + "@" + img.Digest.String()
			bad, good, asker := c.addSpoiled(img, how.spoil, "--zone=near"), c.addNode("--zone=far"), c.addNode("--zone=near")
			good.pull(ref, img) // before it can come from the other
			bad.pull(ref, img)
			c.waitHolders(img, 2, soon)
			c.registry.Host.Unplug()
			for range how.pulls - 1 {
				t.Logf("a pull of wrong bytes: %v", asker.tryPull(ref))
				asker.checkCommitted(img)
			}
			asker.pull(ref, img)
			bad.wantAsked()
		})
	}
}

// spoiled is a node whose neighbours reach it through something that spoils what
// it sends of its largest layer.
type spoiled struct {
	*node
	asked atomic.Int64
}

const spoiledPort = 6002

func (c *cluster) addSpoiled(img *imagekit.Image, spoil func(http.ResponseWriter, *http.Request) http.ResponseWriter, flags ...string) *spoiled {
	c.t.Helper()
	host := c.Host(fmt.Sprintf("n%d", len(c.nodes)+1))
	s := new(spoiled)
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: host.At(testbed.PeerPort)})
	proxy.Transport, proxy.FlushInterval = host.Client().Transport, -1
	host.Serve(host.At(spoiledPort), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, biggest(img).Digest.String()) {
			s.asked.Add(1)
			w = spoil(w, r)
		}
		proxy.ServeHTTP(w, r)
	}))
	s.node = c.addNode(append(flags, "--advertise="+host.At(spoiledPort))...)
	return s
}

func (s *spoiled) wantAsked() {
	s.cluster.t.Helper()
	if s.asked.Load() == 0 {
		s.cluster.t.Errorf("%s was never asked for its wrong layer: this proves nothing", s.Host.Name)
	}
}

// dripping passes on 1 KiB/s.
func dripping(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	return writer{w, func(p []byte) (n int, err error) {
		for n < len(p) && err == nil {
			var m int
			m, err = w.Write(p[n:min(len(p), n+10)])
			n += m
			_ = http.NewResponseController(w).Flush()
			select {
			case <-time.After(10 * time.Millisecond):
			case <-r.Context().Done():
				err = r.Context().Err()
			}
		}
		return n, err
	}}
}

// wrong passes on as many bytes as it gets, of which some are others.
func wrong(w http.ResponseWriter, _ *http.Request) http.ResponseWriter {
	return writer{w, func(p []byte) (int, error) {
		p = bytes.Clone(p)
		p[len(p)/2] ^= 1
		return w.Write(p)
	}}
}

// writer is a ResponseWriter with another Write.
type writer struct {
	http.ResponseWriter
	write func([]byte) (int, error)
}

func (w writer) Write(p []byte) (int, error) { return w.write(p) }
