package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/shared/trackerapi"
)

// settled is the longest wait for something that should be quick.
const settled = time.Minute

// pair is a tracker and two nodes with containerd: the giver has blobs, the
// taker asks for them.
type pair struct {
	*testbed.Bed
	t            testbed.T
	trackers     string
	trackerCalls *trackerapi.Client
	giver, taker *node
}

type node struct {
	*testbed.Containerd
	seeder *testbed.Process
}

func newPair(t testbed.T) *pair {
	t.Helper()
	p := &pair{Bed: testbed.New(t), t: t}
	host := p.Host("tracker")
	p.trackers = host.At(testbed.TrackerPort)
	p.trackerCalls = trackerapi.NewClient(p.trackers, host.Client())
	p.Tracker(host, "--log-level=info")
	p.giver, p.taker = p.node("giver"), p.node("taker")
	return p
}

func (p *pair) node(name string) *node {
	n := &node{Containerd: p.Containerd(p.Host(name))}
	p.startSeeder(n)
	return n
}

// startSeeder starts the node's seeder, or another in its place.
func (p *pair) startSeeder(n *node, flags ...string) {
	p.t.Helper()
	if n.seeder != nil {
		n.seeder.Terminate(10 * time.Second)
	}
	flags = append([]string{"--trackers=" + p.trackers, "--log-level=info"}, flags...)
	n.seeder = p.Seeder(n.Containerd, flags...)
}

// waitAnnounced waits until the tracker hands out this many holders of every
// digest.
func (p *pair) waitAnnounced(ds []digest.Digest, holders int) {
	p.t.Helper()
	p.Eventually(settled, fmt.Sprintf("the tracker knows %d blobs", len(ds)), func() bool {
		for i := 0; i < len(ds); i += trackerapi.MaxLookup {
			if !p.known(ds[i:min(i+trackerapi.MaxLookup, len(ds))], holders) {
				return false
			}
		}
		return true
	})
}

func (p *pair) known(ds []digest.Digest, holders int) bool {
	ctx, cancel := context.WithTimeout(p.t.Context(), 5*time.Second)
	defer cancel()
	answer, err := p.trackerCalls.Lookup(ctx, trackerapi.LookupRequest{Node: "bench", Digests: ds})
	if err != nil {
		return false
	}
	for _, h := range answer.Handouts {
		if len(h) != holders {
			return false
		}
	}
	return true
}

// Where a blob is: at the mirror, the peer side and the nginx of a host, which is
// a proxy for the giver's, too.

func atMirror(d digest.Digest) string {
	return testbed.MirrorURL + "/v2/bench/app/blobs/" + d.String() + "?ns=registry.test"
}

func atPeer(d digest.Digest) string {
	return fmt.Sprintf("http://127.0.0.1:%d/v2/bench/app/blobs/%s", testbed.PeerPort, d)
}

func atNginx(d digest.Digest) string {
	return fmt.Sprintf("http://127.0.0.1:%d/%s", nginxPort, d.Encoded())
}

func atProxy(d digest.Digest) string {
	return fmt.Sprintf("http://127.0.0.1:%d/relay/%s", nginxPort, d.Encoded())
}
