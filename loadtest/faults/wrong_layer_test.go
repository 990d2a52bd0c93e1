package faults

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

// Bits have flipped in the large layer of the holder that is named first; two others
// are well, and there is no registry. The pull that meets it completes with the first
// GET, and only that holder is accused.
func TestWrongBitsInALargeLayerCostNoPull(t *testing.T) {
	testbed.Require(t)
	const size = 32 << 20
	for name, c := range map[string]struct {
		from, every int64 // where bits have flipped
		asker       []string
	}{
		"in the middle":         {size / 2, size, oneParent},
		"in the last few bytes": {size - 3, size, oneParent},
		"it comes from several": {size / 4, 64 << 10, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, plan{trackers: 1, holders: 3, layer: size, rate: 200 * testbed.Mbit, asker: c.asker})
			bad := s.first()
			bad.spoil(t, c.from, c.every)
			s.waitFirst(bad)
			before := s.sent()
			p := s.asker.pull(s.stock.layer, nil)
			if p.err != nil {
				t.Fatalf("the pull fails: %v", p.err)
			}
			t.Logf("done after %s, with a pause of %s", p.took, p.pause)
			if sent := bad.host.Traffic().Sent - before[bad]; sent < size/8 {
				t.Errorf("the bad holder has sent %d bytes: this proves little", sent)
			}
			s.gone(bad, time.Now())
			log := s.asker.seeder.Log()
			accused := regexp.MustCompile(`kind=corrupt`).FindAll(log, -1)
			if !bytes.Contains(log, []byte("peer="+bad.host.Name+" ")) || len(accused) != 1 {
				t.Errorf("not the bad holder alone was accused, once:\n%s", log)
			}
		})
	}
}

// spoil changes bits of the layer's file, behind the store's back. The other stores
// share the file, so this one gets its own.
func (n *node) spoil(t *testing.T, from, every int64) {
	t.Helper()
	data, err := n.site.stock.bytes(n.site.stock.layer)
	if err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(n.root, "blobs", "sha256", n.site.stock.layer.Encoded()))
	if len(found) == 0 && err == nil {
		found, err = filepath.Glob(filepath.Join(n.root, "*", "blobs", "sha256", n.site.stock.layer.Encoded()))
	}
	if err != nil || len(found) != 1 {
		t.Fatalf("%s has the layer at %q, %v", n.host.Name, found, err)
	}
	for at := from; at < int64(len(data)); at += every {
		data[at] ^= 1
	}
	if err := os.Remove(found[0]); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(found[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
}
