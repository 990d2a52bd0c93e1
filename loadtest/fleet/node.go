package fleet

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// fate is how a node is.
type fate int32

const (
	alive     fate = iota
	killed         // its process is gone, its kernel says so
	unplugged      // nothing comes back from it
)

// node is a virtual seeder.
type node struct {
	name    string
	addr    string // of its data port
	zone    string
	session []session // one with each tracker

	fate   atomic.Int32
	downAt atomic.Int64 // when it last failed, in Unix nanoseconds

	// talk is held while the node speaks about its inventory: a message
	// builds on the one before. It is taken before mu.
	talk sync.Mutex

	mu     sync.Mutex
	epoch  int64
	seq    uint64
	hash   trackerapi.SetHash
	digest []uint32             // that it holds, ascending; numbers of the catalogue
	images []uint32             // whose names it has
	gone   map[uint32]time.Time // that it held until then
	named  bool                 // its images are part of its inventory
}

// session is a node's conversation with one tracker.
type session struct {
	line   *line
	client *trackerapi.Client

	known   atomic.Bool // this run of the tracker has been told everything
	mending atomic.Bool // it is about to be
}

func newNode(i int, port int, trackers []string) *node {
	n := &node{session: make([]session, len(trackers)), name: fmt.Sprintf("node-%05d", i), addr: fmt.Sprintf("%s:%d", hostOf(i), port), zone: fmt.Sprint("zone-", i%3), epoch: 1}
	for t, addr := range trackers {
		s := &n.session[t]
		s.line = &line{addr: addr}
		s.client = trackerapi.NewClient(addr, &http.Client{Transport: s.line})
	}
	return n
}

func (n *node) is() fate { return fate(n.fate.Load()) }

// sender is how the node signs its messages.
func (n *node) sender() trackerapi.Sender {
	n.mu.Lock()
	defer n.mu.Unlock()
	return trackerapi.Sender{Node: n.name, Epoch: n.epoch}
}

func (n *node) identity() trackerapi.Node {
	s := n.sender()
	return trackerapi.Node{Name: n.name, Epoch: s.Epoch, Addr: n.addr, Zone: n.zone, Version: "fleet"}
}

// fill gives the node its first inventory.
func (n *node) fill(c *catalogue, images, digests []uint32) {
	n.images, n.digest = images, digests
	for _, d := range digests {
		n.hash.Digest(c.digests[d])
	}
	n.seq = 1
}

func (n *node) beat() trackerapi.HeartbeatRequest {
	n.mu.Lock()
	defer n.mu.Unlock()
	return trackerapi.HeartbeatRequest{Sender: trackerapi.Sender{Node: n.name, Epoch: n.epoch}, Seq: n.seq, SetHash: uint64(n.hash)}
}

// all is everything that the node has.
func (n *node) all(c *catalogue) trackerapi.AnnounceRequest {
	n.mu.Lock()
	defer n.mu.Unlock()
	m := trackerapi.AnnounceRequest{
		Sender: trackerapi.Sender{Node: n.name, Epoch: n.epoch}, Whole: true, Seq: n.seq, SetHash: uint64(n.hash),
		Add: make([]digest.Digest, len(n.digest)),
	}
	for i, d := range n.digest {
		m.Add[i] = c.digests[d]
	}
	if n.named {
		m.Images = n.names(c)
	}
	return m
}

// nameImages makes the names of its images a part of the inventory, and
// announces them.
func (n *node) nameImages(c *catalogue) trackerapi.AnnounceRequest {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.named = true
	m := n.step()
	m.Images = n.names(c)
	for _, i := range m.Images {
		n.hash.Image(i)
	}
	m.SetHash = uint64(n.hash)
	return m
}

func (n *node) names(c *catalogue) []trackerapi.Image {
	images := make([]trackerapi.Image, len(n.images))
	for i, number := range n.images {
		from := c.images[number]
		images[i] = trackerapi.Image{Name: from.name, Digest: c.digests[from.digests[0]], UpdatedAt: longAgo}
	}
	return images
}

var longAgo = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// swap replaces one digest, and announces that.
func (n *node) swap(c *catalogue, r *rand.Rand) (m trackerapi.AnnounceRequest, added, removed uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := r.IntN(len(n.digest))
	removed = n.digest[at]
	for added = removed; n.has(added); {
		added = uint32(r.IntN(len(c.digests)))
	}
	n.digest = slices.Delete(n.digest, at, at+1)
	at, _ = slices.BinarySearch(n.digest, added)
	n.digest = slices.Insert(n.digest, at, added)
	if n.gone == nil {
		n.gone = map[uint32]time.Time{}
	}
	n.gone[removed] = time.Now().Add(inFlight)
	n.hash.Digest(c.digests[added])
	n.hash.Digest(c.digests[removed])
	m = n.step()
	m.Add, m.Remove = []digest.Digest{c.digests[added]}, []digest.Digest{c.digests[removed]}
	return m, added, removed
}

// step begins the announcement of a change.
func (n *node) step() trackerapi.AnnounceRequest {
	n.seq++
	return trackerapi.AnnounceRequest{
		Sender: trackerapi.Sender{Node: n.name, Epoch: n.epoch}, From: n.seq - 1, Seq: n.seq, SetHash: uint64(n.hash),
	}
}

// held says whether the node has the digest, or had it at that time.
func (n *node) held(d uint32, at time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.has(d) || n.gone[d].After(at)
}

func (n *node) has(d uint32) bool {
	_, there := slices.BinarySearch(n.digest, d)
	return there
}

// restart begins a new run.
func (n *node) restart() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.epoch++
}
