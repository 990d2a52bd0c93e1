package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/tracker/admin"
)

// placed is for what is copied from node to node by itself: some seconds on an
// idle machine.
const placed = time.Minute

// admin asks the tracker's admin API, and reads the answer into one of these,
// unless it is nil.
func (tr *tracker) admin(method, path string, body, into any) (status int, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	var reader io.Reader = http.NoBody
	if body != nil {
		reader = bytes.NewReader(text)
	}
	url := fmt.Sprintf("http://127.0.0.1:%d/admin/v1%s", testbed.AdminPort, path)
	req, err := http.NewRequestWithContext(tr.cluster.t.Context(), method, url, reader)
	if err != nil {
		return 0, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := tr.host.Client().Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	if err == nil && into != nil {
		err = json.Unmarshal(answer, into)
	}
	return res.StatusCode, err
}

// want asks for what must be there.
func (tr *tracker) want(method, path string, body, into any) {
	tr.cluster.t.Helper()
	if _, err := tr.admin(method, path, body, into); err != nil {
		tr.cluster.t.Fatal(err)
	}
}

// policy is how it stands with the policy's only image, if there is one.
func (tr *tracker) policy(name string) (image admin.PolicyImage) {
	tr.cluster.t.Helper()
	var p admin.PolicyDetail
	if _, err := tr.admin(http.MethodGet, "/policies/"+name, nil, &p); err == nil && len(p.Status) == 1 {
		image = p.Status[0]
	}
	return image
}

// anyDisk is for trackers and seeders on a machine whose disk is rather full.
const (
	anyDisk     = "--placement-reserve=1"
	anyNodeDisk = "--min-free-disk=1"
)

// newPlacing is a cluster whose tracker places content on any disk.
func newPlacing(t *testing.T, s imagekit.Spec) (c *cluster, img *imagekit.Image, ref string) {
	t.Helper()
	testbed.Require(t)
	t.Parallel()
	return newPlacingAlone(t, s)
}

// newPlacingAlone is the same for a test that no other one may disturb.
func newPlacingAlone(t *testing.T, s imagekit.Spec) (c *cluster, img *imagekit.Image, ref string) {
	t.Helper()
	testbed.Require(t)
	c = newSite(t)
	c.tracker = c.startTracker("tracker", anyDisk)
	c.trackers = []*tracker{c.tracker}
	c.logPlacing()
	img, ref = c.push(s)
	return c, img, ref
}

// addZone adds nodes of a zone.
func (c *cluster) addZone(zone string, count int) {
	c.t.Helper()
	for range count {
		c.addNode(anyNodeDisk, "--zone="+zone)
	}
}

// pinned are the nodes, of those that run, on which the image is pinned.
func (c *cluster) pinned(ref string) (names []string) {
	c.t.Helper()
	for _, n := range c.nodes {
		if n.running() && n.Pinned(ref) {
			names = append(names, n.Host.Name)
		}
	}
	return names
}

func (n *node) running() bool {
	select {
	case <-n.seeder.Ended():
		return false
	default:
		return true
	}
}

// waitPinned waits until exactly these nodes have the image pinned and whole.
func (c *cluster) waitPinned(ref string, img *imagekit.Image, what string, right func(names []string) bool) (names []string) {
	c.t.Helper()
	c.Eventually(placed, what, func() bool {
		names = c.pinned(ref)
		return right(names)
	})
	for _, n := range c.nodes {
		if slices.Contains(names, n.Host.Name) {
			if err := n.Check(img); err != nil {
				c.t.Error(err)
			}
		}
	}
	return names
}

func onePerZone(c *cluster, zone func(*node) string) func([]string) bool {
	return func(names []string) bool {
		zones := map[string]bool{}
		for _, n := range c.nodes {
			if slices.Contains(names, n.Host.Name) {
				zones[zone(n)] = true
			}
		}
		return len(names) == 3 && len(zones) == 3
	}
}

func zoneOf(n *node) string { return n.flags[len(n.flags)-1] }

// logPlacing shows what the trackers and seeders did, where a test has failed.
func (c *cluster) logPlacing() {
	c.t.Cleanup(func() {
		if !c.t.Failed() {
			return
		}
		for _, tr := range c.trackers {
			c.t.Logf("%s:\n%s", tr.host.Name, placingLines(tr.Log()))
		}
		for _, n := range c.nodes {
			c.t.Logf("%s:\n%s", n.Host.Name, placingLines(n.seeder.Log()))
		}
	})
}

func placingLines(log []byte) []byte {
	var lines [][]byte
	for line := range bytes.Lines(log) {
		for _, word := range []string{"work", "task", "placement", "drain", "job", "policy"} {
			if bytes.Contains(line, []byte(word)) && !bytes.Contains(line, []byte("msg=work ")) {
				lines = append(lines, line)
				break
			}
		}
	}
	return bytes.Join(lines[max(0, len(lines)-40):], nil)
}

// A policy wants an image on three of six nodes in three zones; one has pulled
// it. It comes to one node of each zone, from a neighbour. A node that dies is
// replaced in its zone, and when it is back, what is too much is let go. A zone
// that dies can't be replaced, and it is said why.
func TestReplicasOverThreeZones(t *testing.T) {
	c, img, ref := newPlacing(t, imagekit.Spec{Seed: 800, Layers: []int64{2 * MB, 2 * MB}})
	for _, zone := range []string{"a", "b", "c"} {
		c.addZone(zone, 2)
	}
	before := c.registry.Host.Traffic()
	c.nodes[0].pull(ref, img)
	c.tracker.want(http.MethodPut, "/policies/base", map[string]any{
		"name": "base", "images": []string{registryName + "/**"}, "factor": 3, "repair_after": "2s",
	}, nil)
	began := time.Now()
	spread := onePerZone(c, zoneOf)
	names := c.waitPinned(ref, img, "one node of each zone has it", spread)
	t.Logf("%v have it after %s", names, time.Since(began).Round(100*time.Millisecond))
	c.wantCopies(c.registry.Host, before, img, 1.1)

	dead := c.nodes[slices.IndexFunc(c.nodes, func(n *node) bool { return n.Host.Name == names[1] })]
	killNode(dead)
	began = time.Now()
	names = c.waitPinned(ref, img, "it is replaced in its zone", spread)
	t.Logf("without %s %v have it after %s", dead.Host.Name, names, time.Since(began).Round(100*time.Millisecond))
	dead.Start()
	dead.startSeeder()
	names = c.waitPinned(ref, img, "what is too much is let go", spread)
	if !dead.Has(ref) {
		t.Errorf("%s has lost its copy; it should only be released", dead.Host.Name)
	}

	for _, n := range c.nodes {
		if zoneOf(n) == "--zone=c" {
			killNode(n)
		}
	}
	c.waitPinned(ref, img, "three of the four that are left have it", func(names []string) bool { return len(names) == 3 })
	c.Eventually(placed, "it is said that there are too few zones", func() bool {
		p := c.tracker.policy("base")
		return len(p.Have) == 3 && p.Missing == 0
	})
	c.wantCopies(c.registry.Host, before, img, 1.1)
}
