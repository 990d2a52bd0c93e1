package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// A node whose containerd gets a layer slowly from the registry is read from by
// others at the same time: one keeps up with it, one has still to read when the
// layer is committed.
func TestALayerIsReadFromANodeThatIsStillGettingIt(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 51, Layers: []int64{25 * MB}})
	n := c.addNode()
	layer := biggest(img)
	c.registry.Host.SetRate(50 * testbed.Mbit)
	wait := n.startPull(ref)

	eager, lazy := n.open(layer), n.open(layer)
	if _, err := os.Stat(n.BlobPath(layer)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the layer was there before it was read: %v", err)
	}
	first := make([]byte, 100_000)
	if _, err := io.ReadFull(lazy, first); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(n.BlobPath(layer)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the first bytes came after the last: %v", err)
	}
	if err := check(layer, eager); err != nil {
		t.Errorf("read while it came: %v", err)
	}
	if err := wait(); err != nil {
		t.Fatal(err)
	}
	if err := check(layer, io.MultiReader(bytes.NewReader(first), lazy)); err != nil {
		t.Errorf("read across the commit: %v", err)
	}
}

// A containerd that is killed leaves half a layer behind, which is served to
// nobody: those who read it are let go, others are refused, until a new pull
// takes it up again.
func TestALayerThatStandsStillIsNotServed(t *testing.T) {
	c, img, ref := newCluster(t, imagekit.Spec{Seed: 52, Layers: []int64{25 * MB}})
	n := c.addNode()
	layer := biggest(img)
	c.registry.Host.SetRate(50 * testbed.Mbit)
	wait := n.startPull(ref)
	body := n.open(layer)
	if _, err := io.CopyN(io.Discard, body, 5*MB); err != nil {
		t.Fatal(err)
	}
	n.Kill()
	_ = wait()
	if read, err := io.Copy(io.Discard, body); !errors.Is(err, io.ErrUnexpectedEOF) || read+5*MB >= layer.Size {
		t.Fatalf("the body ends after %d of %d bytes: %v", read+5*MB, layer.Size, err)
	}
	c.Eventually(soon, "it is no longer served", func() bool {
		res := n.askPeer(layer)
		_ = res.Body.Close()
		return res.StatusCode == http.StatusNotFound
	})
	n.Start()
	wait = n.startPull(ref)
	if err := check(layer, n.open(layer)); err != nil {
		t.Errorf("read while it was taken up again: %v", err)
	}
	if err := errors.Join(wait(), n.Check(img)); err != nil {
		t.Fatal(err)
	}
}

// askPeer asks the node's seeder for a blob, as a neighbour does.
func (n *node) askPeer(p imagekit.Part) *http.Response {
	t := n.cluster.t
	t.Helper()
	url := fmt.Sprintf("http://%s/v2/e2e/app/blobs/%s", n.Host.At(testbed.PeerPort), p.Digest)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := n.cluster.tracker.host.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// open asks until the node has something of the blob.
func (n *node) open(p imagekit.Part) io.Reader {
	t := n.cluster.t
	t.Helper()
	var res *http.Response
	n.cluster.Eventually(soon, "a neighbour is served "+p.Kind, func() bool {
		res = n.askPeer(p)
		if res.StatusCode != http.StatusOK {
			_ = res.Body.Close()
		}
		return res.StatusCode == http.StatusOK
	})
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.ContentLength != p.Size {
		t.Fatalf("promised %d bytes of %d", res.ContentLength, p.Size)
	}
	return res.Body
}

// check reads a blob to its end.
func check(p imagekit.Part, r io.Reader) error {
	sum := p.Digest.Verifier()
	n, err := io.Copy(sum, r)
	if err == nil && !sum.Verified() {
		err = errors.New("its bytes are wrong")
	}
	if err != nil {
		return fmt.Errorf("%d of %d bytes: %w", n, p.Size, err)
	}
	return nil
}
