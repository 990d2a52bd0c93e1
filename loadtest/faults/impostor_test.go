package faults

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/shared/trackerapi"
)

// impostor is a node that tells the trackers what a sound one would. What is on
// its data port is the test's business.
type impostor struct {
	t    testing.TB
	site *site
	host *testbed.Host
	self trackerapi.Node
	has  []digest.Digest
}

// impostor makes a host in the asker's zone, which says that it holds all small
// blobs until the test is over.
func (s *site) impostor(t testing.TB, name string) *impostor {
	t.Helper()
	h := s.Host(name)
	i := &impostor{
		t: t, site: s, host: h, has: s.stock.small,
		self: trackerapi.Node{Name: name, Epoch: time.Now().UnixMilli(), Addr: h.At(testbed.PeerPort), Zone: "near"},
	}
	ctx, stop := context.WithCancel(t.Context())
	var beating sync.WaitGroup
	t.Cleanup(func() { stop(); beating.Wait() })
	for _, tr := range s.trackers {
		c := trackerapi.NewClient(tr.host.At(testbed.TrackerPort), h.Client())
		i.must(i.introduce(ctx, c))
		beating.Go(func() { i.beat(ctx, c) })
	}
	return i
}

func (i *impostor) must(err error) {
	i.t.Helper()
	if err != nil {
		i.t.Fatal(err)
	}
}

func (i *impostor) sender() trackerapi.Sender {
	return trackerapi.Sender{Node: i.self.Name, Epoch: i.self.Epoch}
}

func (i *impostor) hash() (h trackerapi.SetHash) {
	for _, d := range i.has {
		h.Digest(d)
	}
	return h
}

func (i *impostor) introduce(ctx context.Context, c *trackerapi.Client) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if _, err := c.Register(ctx, trackerapi.RegisterRequest{Node: i.self}); err != nil {
		return err
	}
	_, err := c.Announce(ctx, trackerapi.AnnounceRequest{Sender: i.sender(), Whole: true, Seq: 1, SetHash: uint64(i.hash()), Add: i.has})
	return err
}

func (i *impostor) beat(ctx context.Context, c *trackerapi.Client) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		bounded, cancel := context.WithTimeout(ctx, askTimeout)
		_, _ = c.Heartbeat(bounded, trackerapi.HeartbeatRequest{Sender: i.sender(), Seq: 1, SetHash: uint64(i.hash())})
		cancel()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// report tells all trackers about a run of a node.
func (i *impostor) report(peer string, epoch int64, kind trackerapi.Kind) {
	i.t.Helper()
	for _, tr := range i.site.trackers {
		ctx, cancel := context.WithTimeout(i.t.Context(), askTimeout)
		c := trackerapi.NewClient(tr.host.At(testbed.TrackerPort), i.host.Client())
		_, err := c.Report(ctx, trackerapi.ReportRequest{
			Sender: i.sender(), Reports: []trackerapi.Report{{Peer: peer, Epoch: epoch, Kind: kind}},
		})
		cancel()
		i.must(err)
	}
}

// bytes is a blob of the stock.
func (st *stock) bytes(d digest.Digest) ([]byte, error) {
	found, err := filepath.Glob(filepath.Join(st.root, "*", "blobs", "sha256", d.Encoded()))
	if err == nil && len(found) != 1 {
		found, err = filepath.Glob(filepath.Join(st.root, "blobs", "sha256", d.Encoded()))
	}
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("stock has %q of %s: %w", found, d, err)
	}
	return os.ReadFile(found[0])
}
