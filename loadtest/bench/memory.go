package bench

import (
	"time"

	"github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/seeder/store/embedded"
)

const (
	heldBlobs    = 5000
	heldBlobSize = 4 << 10 // bytes
	streams      = 10
	streamSize   = 256 << 20 // bytes of each blob that is streamed

	// A seeder that has started and announced itself is given time to calm
	// down, and then watched for longer than the time between two walks.
	restSettle = 30 * time.Second
	restWatch  = 90 * time.Second
	restTick   = time.Second
)

// memoryStage has a seeder with each kind of store, and blobs at the giver that
// neither of them has.
type memoryStage struct {
	*pair
	report   *Report
	seeders  []*holder
	held     []digest.Digest
	streamed []digest.Digest
}

// holder is a node that holds thousands of blobs.
type holder struct {
	*node
	store string // how the report calls it
	flags []string
	rest  memory // the largest that was seen
}

// measureMemory looks at both seeders at rest, and then at each while its mirror
// relays several blobs at the same time.
func measureMemory(t testbed.T, r *Report) {
	s := &memoryStage{pair: newPair(t), report: r}
	s.streamed = s.giver.fill(t, "stream", streams, streamSize)
	s.held = s.taker.fill(t, "held", heldBlobs, heldBlobSize)
	s.seeders = []*holder{{node: s.taker, store: "containerd's store"}, s.alone()}
	for range r.Rounds {
		for _, h := range s.seeders {
			s.startSeeder(h.node, h.flags...)
		}
		s.waitAnnounced(s.streamed, 1)
		s.waitAnnounced(s.held, len(s.seeders))
		s.atRest()
		for _, h := range s.seeders {
			s.streaming(h)
		}
	}
}

// alone is a node without containerd: its seeder has a store of its own.
func (s *memoryStage) alone() *holder {
	s.t.Helper()
	root := s.Dir("embedded")
	store, err := embedded.New(s.t.Context(), root, "")
	if err != nil {
		s.t.Fatalf("%w", err)
	}
	defer func() { _ = store.Close() }()
	fill(s.t, store.Base, "held", heldBlobs, heldBlobSize)
	return &holder{
		node:  &node{Containerd: &testbed.Containerd{Host: s.Host("alone")}},
		store: "embedded store",
		flags: []string{"--store=embedded", "--embedded-root=" + root},
	}
}

// atRest notes the largest that each seeder was while nothing was asked of it.
func (s *memoryStage) atRest() {
	s.t.Helper()
	begin := time.Now()
	for _, h := range s.seeders {
		h.rest = memory{}
	}
	tick := time.NewTicker(restTick)
	defer tick.Stop()
	for time.Since(begin) < restSettle+restWatch {
		select {
		case <-tick.C:
		case <-s.t.Context().Done():
			s.t.Fatalf("%w", s.t.Context().Err())
		}
		for _, h := range s.seeders {
			if m := memoryOf(s.t, h.seeder.PID()); time.Since(begin) > restSettle && m.Resident > h.rest.Resident {
				h.rest = m
			}
		}
	}
	for _, h := range s.seeders {
		s.report.note(h.store+", at rest", "MB", atMost(30), megabytes(h.rest.Resident))
		s.report.note(h.store+", at rest, anonymous", "MB", nil, megabytes(h.rest.Anonymous))
		s.report.note(h.store+", at rest, mapped files", "MB", nil, megabytes(h.rest.File))
	}
}

// streaming reads all the blobs at the same time through the node's mirror, and
// notes the largest that its seeder has been.
func (s *memoryStage) streaming(h *holder) {
	s.t.Helper()
	forgetPeak(s.t, h.seeder.PID())
	var group errgroup.Group
	for _, d := range s.streamed {
		group.Go(func() error {
			return fetchAll(s.t.Context(), h.Host.Client(), atMirror(d), make([]byte, readSize), streamSize)
		})
	}
	if err := group.Wait(); err != nil {
		s.t.Fatalf("%w", err)
	}
	s.report.note(h.store+", 10 blobs streaming, peak", "MB", atMost(64), megabytes(memoryOf(s.t, h.seeder.PID()).Peak))
}

// megabytes are decimal, as in the targets.
func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }
