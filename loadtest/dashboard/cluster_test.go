package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/embedded"
	"github.com/drayproject/dray/seeder/app"
	"github.com/drayproject/dray/seeder/puller"
	"github.com/drayproject/dray/shared/trackerapi"
	tracker "github.com/drayproject/dray/tracker/app"
)

const (
	patience = embedded.Patience
	token    = "a token for this test"
)

// cluster is a tracker, a registry that is very slow with the second half of its
// largest layer until it is let go, and seeders.
type cluster struct {
	*embedded.Cluster
	t     *testing.T
	image string
	layer string // digest of the slow one
	letGo func()
	pulls sync.WaitGroup
}

func newCluster(t *testing.T) *cluster {
	image := embedded.Image(t, 7, 256<<10, 8<<20)
	c := &cluster{t: t, Cluster: embedded.New(t, func(cfg *tracker.Config) { cfg.AdminToken, cfg.PlacementReserve = token, 1 })}
	for _, part := range image.Parts {
		if part.Size >= 8<<20 {
			c.layer = string(part.Digest)
		}
	}
	open := make(chan struct{})
	c.letGo = sync.OnceFunc(func() { close(open) })
	c.image = embedded.Registry(t, image, func(kit http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, c.layer) && r.Method == http.MethodGet {
				from := 0 // who asks for the rest gets it no faster
				_, _ = fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
				w = &dawdling{ResponseWriter: w, left: 4<<20 - from, open: open, ended: r.Context().Done()}
			}
			kit.ServeHTTP(w, r)
		})
	})
	t.Cleanup(c.pulls.Wait)
	t.Cleanup(c.letGo)
	return c
}

// dawdling slows a body down to a trickle, until it may go on: one that stood
// still would be given up.
type dawdling struct {
	http.ResponseWriter
	left  int
	open  <-chan struct{}
	ended <-chan struct{}
}

// A layer takes minutes at this pace; who gets it hears of it all the time, and
// far more often than a standstill takes to be noticed.
const (
	drop  = 512 // bytes
	every = 20 * time.Millisecond
)

func (d *dawdling) Write(p []byte) (written int, err error) {
	if d.left -= len(p); d.left >= 0 {
		return d.ResponseWriter.Write(p)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for piece := range slices.Chunk(p, drop) {
		n, err := d.ResponseWriter.Write(piece)
		if written += n; err != nil {
			return written, err
		}
		_ = http.NewResponseController(d.ResponseWriter).Flush()
		select {
		case <-tick.C:
		case <-d.open:
		case <-d.ended:
		}
	}
	return written, nil
}

// seeder starts a node.
func (c *cluster) seeder(name, zone string) *app.App {
	return c.Seeder(name, embedded.Rack(name, zone))
}

// pull begins to pull the image into a node.
func (c *cluster) pull(s *app.App) {
	c.pulls.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.t.Context()), patience)
		defer cancel()
		if err := puller.Ask(ctx, s.MirrorAddr(), puller.Request{Image: c.image}, func(puller.Event) {}); err != nil {
			c.t.Error(err)
		}
	})
}

// extra is a node that only lives: it has a data port and a heartbeat. kill
// closes both, as the kernel does when a process dies.
func (c *cluster) extra(name, zone string) (kill func()) {
	data := httptest.NewServer(http.NotFoundHandler())
	transport := &http.Transport{}
	client := trackerapi.NewClient(c.Tracker.NodeAddr(), &http.Client{Transport: transport})
	me := trackerapi.Sender{Node: name, Epoch: 1}
	ctx, stop := context.WithCancel(context.WithoutCancel(c.t.Context()))
	if _, err := client.Register(ctx, trackerapi.RegisterRequest{Node: trackerapi.Node{
		Name: name, Epoch: 1, Zone: zone, Addr: strings.TrimPrefix(data.URL, "http://"), Labels: map[string]string{"<b>note</b>": `"><script>alert(1)</script>`},
	}}); err != nil {
		c.t.Fatal(err)
	}
	var beats sync.WaitGroup
	beats.Go(func() {
		for tick := time.NewTicker(500 * time.Millisecond); ; {
			_, _ = client.Heartbeat(ctx, trackerapi.HeartbeatRequest{Sender: me}) // it may be too late: then the next one counts
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
		}
	})
	kill = sync.OnceFunc(func() {
		data.Close()
		stop()
		beats.Wait()
		transport.CloseIdleConnections()
	})
	c.t.Cleanup(kill)
	return kill
}

func (c *cluster) extras(n int) {
	for i := range n {
		c.extra(fmt.Sprintf("edge-%02d", i), string(rune('a'+i%3)))
	}
}

// register makes nodes that have a name and nothing else.
func (c *cluster) register(n int) {
	client := trackerapi.NewClient(c.Tracker.NodeAddr(), &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}})
	for i := range n {
		node := trackerapi.Node{Name: fmt.Sprintf("many-%05d", i), Epoch: 1, Zone: string(rune('a' + i%3)), Addr: fmt.Sprintf("127.1.%d.%d:1", i/250, i%250+1)}
		if _, err := client.Register(c.t.Context(), trackerapi.RegisterRequest{Node: node}); err != nil {
			c.t.Fatal(err)
		}
	}
}
