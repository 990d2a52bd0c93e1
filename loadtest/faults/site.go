package faults

import (
	"fmt"
	"strings"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/shared/trackerapi"
)

// settled is the longest wait for what should be there in a moment.
const settled = time.Minute

// plan says what a site is made of.
type plan struct {
	trackers, holders int
	layer             int64    // bytes of the large blob
	small             int      // number of small ones
	rate              int64    // of the holders' links, in bits per second; 0: as fast as the kernel
	flags             []string // of the trackers
	asker             []string // flags of the node that asks
}

// oneParent has the asker get a blob from one holder at a time.
var oneParent = []string{"--fetch-sources=1"}

// site is some trackers, holders of the same content, and a node without any
// that asks for it. The first holder is in the asker's zone, so that it is
// named first; the others are in another.
type site struct {
	*testbed.Bed
	t        testbed.T
	stock    *stock
	trackers []*tracker
	watcher  *testbed.Host // where the trackers are asked from
	asker    *node
	holders  []*node
	// lastDeath is when silence has last condemned a holder.
	lastDeath time.Time
}

type tracker struct {
	host   *testbed.Host
	proc   *testbed.Process
	client *trackerapi.Client // on the watcher
}

// node is a seeder with a store of its own.
type node struct {
	site   *site
	host   *testbed.Host
	root   string // of its store
	flags  []string
	seeder *testbed.Process
}

func newSite(t testbed.T, p plan) *site {
	t.Helper()
	s := &site{Bed: testbed.New(t), t: t}
	var err error
	if s.stock, err = newStock(t.Context(), s.Dir("stock"), p.layer, p.small); err != nil {
		t.Fatalf("%v", err)
	}
	s.watcher = s.Host("watcher")
	for i := range p.trackers {
		s.addTracker(fmt.Sprint("tracker", i), p.flags)
	}
	s.asker = s.newNode("asker", "near")
	s.asker.flags = append(s.asker.flags, p.asker...)
	s.asker.start()
	for i := range p.holders {
		s.addHolder(i, p.rate)
	}
	s.waitHolders(p.holders)
	return s
}

func (s *site) addTracker(name string, flags []string) {
	s.t.Helper()
	host := s.Host(name)
	s.trackers = append(s.trackers, &tracker{
		host: host, proc: s.Tracker(host, flags...),
		client: trackerapi.NewClient(host.At(testbed.TrackerPort), s.watcher.Client()),
	})
}

func (s *site) addHolder(i int, rate int64) *node {
	s.t.Helper()
	zone := "far"
	if i == 0 {
		zone = "near"
	}
	n := s.newNode(fmt.Sprint("holder", i), zone)
	if err := s.stock.copyTo(n.root); err != nil {
		s.t.Fatalf("%v", err)
	}
	n.host.SetRate(rate)
	n.start()
	s.holders = append(s.holders, n)
	return n
}

func (s *site) newNode(name, zone string) *node {
	s.t.Helper()
	n := &node{site: s, host: s.Host(name), root: s.Dir(name + "/store")}
	var trackers []string
	for _, t := range s.trackers {
		trackers = append(trackers, t.host.At(testbed.TrackerPort))
	}
	n.flags = []string{"--zone=" + zone, "--trackers=" + strings.Join(trackers, ",")}
	return n
}

// start starts the node's seeder, and waits until it is in touch with all
// trackers.
func (n *node) start() {
	n.site.t.Helper()
	n.seeder = n.site.LoneSeeder(n.host, n.root, n.flags...)
	for _, t := range n.site.trackers {
		n.seeder.WaitLog(fmt.Sprintf("tracker session is up\" tracker=http://%s", t.host.At(testbed.TrackerPort)), settled)
	}
}

// restart gives the node a seeder that remembers nothing.
func (n *node) restart() {
	n.site.t.Helper()
	n.seeder.Kill()
	n.start()
}

// first is the holder that is named first while it is well.
func (s *site) first() *node { return s.holders[0] }
