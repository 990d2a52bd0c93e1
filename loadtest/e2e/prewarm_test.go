package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/tracker/admin"
)

// job is how it stands with a job, and with each of its nodes.
func (tr *tracker) job(id string) (d admin.JobDetail, nodes map[string]admin.JobNode) {
	tr.cluster.t.Helper()
	var page admin.JobNodes
	tr.want(http.MethodGet, "/jobs/"+id, nil, &d)
	tr.want(http.MethodGet, "/jobs/"+id+"/nodes", nil, &page)
	nodes = map[string]admin.JobNode{}
	for _, n := range page.Items {
		nodes[n.Node] = n
	}
	return d, nodes
}

// onDisk counts the bytes of an image that are in a node's store, those of
// ingests under way included.
func (n *node) onDisk(img *imagekit.Image) (bytes int64) {
	coming := map[string]int64{} // by digest
	ingests, _ := filepath.Glob(filepath.Join(n.ContentPath, "ingest", "*"))
	for _, dir := range ingests {
		ref, _ := os.ReadFile(filepath.Join(dir, "ref"))
		_, d, _ := strings.Cut(string(ref), "sha256:")
		if data, err := os.Stat(filepath.Join(dir, "data")); err == nil {
			coming[d] = max(coming[d], data.Size())
		}
	}
	for _, p := range img.Parts {
		if _, err := os.Stat(n.BlobPath(p)); err == nil {
			bytes += p.Size
		} else {
			bytes += coming[p.Digest.Encoded()]
		}
	}
	return bytes
}

// watch compares what a job says of its nodes with what is on their disks. It
// may be late; it must never say more than there is, nor have more nodes at work
// than were allowed.
type watch struct {
	c        *cluster
	img      *imagekit.Image
	parallel int
	between  map[string]bool // nodes that were seen in the middle
	late     int64           // most bytes that were there, and not yet told
}

func (w *watch) look(job string) (admin.JobDetail, map[string]admin.JobNode) {
	w.c.t.Helper()
	before := map[string]int64{}
	for _, n := range w.c.nodes {
		before[n.Host.Name] = n.onDisk(w.img)
	}
	d, nodes := w.c.tracker.job(job)
	pulling := 0
	for _, n := range w.c.nodes {
		said, told := nodes[n.Host.Name]
		if !told || said.Size == 0 {
			continue
		}
		var layers int64
		for _, l := range said.Layers {
			layers += l.Offset
		}
		if there := n.onDisk(w.img); said.Offset > there || layers != said.Offset {
			w.c.t.Errorf("%s is said to have %d bytes, %d by layer; it has %d", n.Host.Name, said.Offset, layers, there)
		}
		if said.Phase == "pulling" {
			pulling++
			w.late = max(w.late, before[n.Host.Name]-said.Offset)
			w.between[n.Host.Name] = w.between[n.Host.Name] || said.Offset > 0 && said.Offset < w.img.Size()
		}
	}
	if pulling > w.parallel || d.Running > w.parallel {
		w.c.t.Errorf("%d nodes are getting it, %d are said to; want at most %d", pulling, d.Running, w.parallel)
	}
	return d, nodes
}

// until watches until it is as it should be.
func (w *watch) until(job, what string, right func(admin.JobDetail, map[string]admin.JobNode) bool) {
	w.c.t.Helper()
	w.c.Eventually(2*placed, what, func() bool {
		d, nodes := w.look(job)
		return right(d, nodes) || w.c.t.Failed()
	})
}

// A job brings an image to all nodes of a label, two at a time. What it says of
// its progress is true. One node can reach nobody: it is said why, and the node
// tries again. One that joins later gets it too; one without the label does not.
// A second job is cancelled in the middle, and stops. DRAY_TEST_PREWARM_MB is the
// size of the image, 16 unless told.
func TestAJobBringsAnImageToAllNodesOfALabel(t *testing.T) {
	size := setting("DRAY_TEST_PREWARM_MB", 16) * MB
	c, img, ref := newPlacing(t, imagekit.Spec{Seed: 840, Layers: []int64{size / 2, size / 4, size / 4}})
	second, other := c.push(imagekit.Spec{Seed: 841, Layers: []int64{2 * size, 2 * size}})
	for range 5 {
		c.addWarm("web")
	}
	plain := c.addWarm("db")
	rate := size * 8 / 2 // two seconds for a copy
	for _, n := range c.nodes {
		n.Host.SetRate(rate)
	}
	broken := c.nodes[4]
	broken.Host.Filter("out tcp dport { 5000, 5002 } reject with tcp reset")

	before, w := c.registry.Host.Traffic(), &watch{c: c, img: img, parallel: 2, between: map[string]bool{}}
	began := time.Now()
	c.beginJob("warm", ref, map[string]any{"standing": true, "retries": 5, "pin": true})
	w.until("warm", "all but one have it, and it is said why that one has not", func(d admin.JobDetail, nodes map[string]admin.JobNode) bool {
		return d.Done == 4 && nodes[broken.Host.Name].Attempt > 0 && strings.Contains(nodes[broken.Host.Name].Reason, "connection refused")
	})
	t.Logf("four have it after %s; %s: %s", time.Since(began).Round(time.Millisecond), broken.Host.Name, reasonOf(c, "warm", broken))
	broken.Host.Filter()
	w.until("warm", "the fifth has tried again", func(d admin.JobDetail, _ map[string]admin.JobNode) bool {
		return d.State == "standing" && d.Done == 5
	})
	late := c.addWarm("web")
	w.until("warm", "who joined later has it", func(d admin.JobDetail, _ map[string]admin.JobNode) bool { return d.Done == 6 })
	c.wantCopies(c.registry.Host, before, img, 3.2) // the node that could reach nobody may ask the registry when it can
	t.Logf("six have it after %s; progress was %d KB late at most", time.Since(began).Round(time.Millisecond), w.late/1000)
	w.complete("warm", plain)
	c.waitPinned(ref, img, "six have it pinned", func(names []string) bool { return len(names) == 6 })
	if plain.Has(ref) || !late.Has(ref) || len(w.between) < 4 {
		t.Errorf("has it: %s %v, %s %v; seen in the middle: %v", plain.Host.Name, plain.Has(ref), late.Host.Name, late.Has(ref), w.between)
	}
	c.cancelled(other, second, rate)
}

// complete fails the test unless all nodes but one are told to have all of it.
func (w *watch) complete(job string, but *node) {
	w.c.t.Helper()
	d, nodes := w.c.tracker.job(job)
	if d.Offset != d.Size || d.Failed+d.Running+d.Waiting > 0 {
		w.c.t.Errorf("in the end it stands with %+v", d)
	}
	for _, n := range w.c.nodes {
		said := nodes[n.Host.Name]
		if n == but {
			if said.Node != "" {
				w.c.t.Errorf("%s is not meant, and said to be: %+v", n.Host.Name, said)
			}
		} else if said.Phase != "done" || said.Offset != w.img.Size() || said.Size != w.img.Size() || len(said.Layers) != len(w.img.Parts) {
			w.c.t.Errorf("in the end it is said: %+v; want %d bytes in %d parts", said, w.img.Size(), len(w.img.Parts))
		}
	}
}

// addWarm adds a node with this role.
func (c *cluster) addWarm(role string) *node {
	c.t.Helper()
	return c.addNode(anyNodeDisk, "--labels=role="+role)
}

func (c *cluster) beginJob(id, ref string, more map[string]any) {
	c.t.Helper()
	job := map[string]any{
		"id": id, "images": []string{ref},
		"select": map[string]any{"labels": map[string]string{"role": "web"}},
		"budget": map[string]any{"parallel": 2},
	}
	for key, value := range more {
		job[key] = value
	}
	c.tracker.want(http.MethodPost, "/jobs", job, nil)
}

func reasonOf(c *cluster, job string, n *node) string {
	c.t.Helper()
	_, nodes := c.tracker.job(job)
	return nodes[n.Host.Name].Reason
}

// cancelled begins a job, cancels it in the middle, and wants its two nodes to
// stop. Had they gone on, the rest of both copies would have come.
func (c *cluster) cancelled(ref string, img *imagekit.Image, rate int64) {
	c.t.Helper()
	c.beginJob("given-up", ref, nil)
	var running []*node
	c.Eventually(placed, "two nodes are in the middle", func() bool {
		running = nil
		for _, n := range c.nodes {
			if n.onDisk(img) > img.Size()/20 {
				running = append(running, n)
			}
		}
		return len(running) == 2
	})
	began, before := time.Now(), map[*node]int64{}
	for _, n := range running {
		before[n] = n.onDisk(img)
	}
	c.tracker.want(http.MethodPost, "/jobs/given-up/cancel", nil, nil)
	c.Eventually(placed, "both have stopped", func() bool {
		for _, n := range running {
			if !bytes.Contains(n.seeder.Log(), []byte(`msg="work task cancelled"`)) {
				return false
			}
		}
		return true
	})
	c.t.Logf("both have stopped %s after the job was cancelled", time.Since(began).Round(time.Millisecond))
	for _, n := range running {
		stopped := n.onDisk(img)
		if came := stopped - before[n]; stopped > img.Size()*3/4 {
			c.t.Errorf("%s got %d bytes more, of %d in all, at %d bytes a second", n.Host.Name, came, img.Size(), rate/8)
		}
	}
	c.Eventually(placed, "the job is cancelled on all six nodes", func() bool {
		d, _ := c.tracker.job("given-up")
		return d.State == "cancelled" && d.Cancelled == 6 && d.Running+d.Waiting+d.Done+d.Failed == 0
	})
	for _, n := range c.nodes {
		if n.Has(ref) {
			c.t.Errorf("%s has the image in the end", n.Host.Name)
		}
	}
}
