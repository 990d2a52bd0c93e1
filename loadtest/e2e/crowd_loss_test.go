package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// The one who gets the image from the registry is lost half-way. The others have
// what it had, and one of them gets the rest.
func TestACrowdSurvivesTheOneThatDownloads(t *testing.T) {
	for name, lose := range map[string]func(*node){
		"killed":    killNode,
		"unplugged": func(n *node) { n.Host.Unplug() },
	} {
		t.Run(name, func(t *testing.T) {
			loseOne(t, 4, func(nodes []*node) *node { return nodes[0] }, lose)
		})
	}
}

// A node that gets the image from its parent and has children is lost half-way.
func TestACrowdSurvivesAnInnerNode(t *testing.T) {
	loseOne(t, crowdSize, func(nodes []*node) *node {
		inner := nodes[1]
		for _, n := range nodes[2:] {
			if n.Host.Traffic().Sent > inner.Host.Traffic().Sent {
				inner = n
			}
		}
		if sent := inner.Host.Traffic().Sent; sent < 2*MB {
			nodes[0].cluster.t.Fatalf("none but the first has children: %s has sent %d bytes", inner.Host.Name, sent)
		}
		return inner
	}, killNode)
}

// killNode is a power cut, but for the kernel, which says goodbye.
func killNode(n *node) { n.seeder.Kill(); n.Kill() }

// loseOne has the first node begin, the others follow, and one of them lost when
// half of the image has come to the first. All others finish; the registry sends
// one more copy at most.
func loseOne(t *testing.T, size int, choose func([]*node) *node, lose func(*node)) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 60, Layers: []int64{32 * MB}})
	c.addCrowd(size)
	c.slowLinks(c.registry.Host)
	before := c.registry.Host.Traffic()
	first := c.nodes[0]
	pulls := map[*node]func() error{first: first.startPull(ref)}
	first.waitReceived(2 * MB)
	for _, n := range c.nodes[1:] {
		pulls[n] = n.startPull(ref)
	}
	first.waitReceived(16 * MB)
	lost, at := choose(c.nodes), time.Now()
	lose(lost)
	defer func() { _ = pulls[lost]() }() // well or badly
	defer lost.Kill()                    // which ends its pull
	for _, n := range c.nodes {
		if n == lost {
			continue
		}
		if err := pulls[n](); err != nil {
			t.Fatal(err)
		}
		if err := n.Check(img); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("all others done %s after the loss of %s", time.Since(at).Round(time.Millisecond), lost.Host.Name)
	c.wantCopies(c.registry.Host, before, img, oneMore)
}

// One of two trackers is killed in the middle: it was the own one of about half
// of the layers, of those on their way as of those to come. Children keep their
// parents, and the other tracker serves who comes after; it knows of the leases that
// the first one gave.
func TestACrowdSurvivesATracker(t *testing.T) {
	c := newReplicated(t, 2)
	img, ref := c.push(imagekit.Spec{Seed: 62, Layers: slices.Repeat([]int64{4 * MB}, 8)})
	c.addCrowd(5)
	for _, n := range c.nodes {
		n.waitSessions(2)
	}
	c.slowLinks(c.registry.Host)
	before := c.registry.Host.Traffic()
	wait := startPulls(c.nodes, ref, img)
	c.nodes[0].waitReceived(12 * MB)
	c.trackers[0].Kill()
	wait()
	c.wantCopies(c.registry.Host, before, img, oneMore)
}
