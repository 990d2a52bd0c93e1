package bench

import (
	"time"

	"github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/seeder/store/embedded"
)

const (
	restBlobs    = 5000
	restBlobSize = 4 << 10
	streams      = 10
	streamSize   = 256 << 20 // bytes of each blob that is streamed
)

// A seeder is at rest when its size has stayed within restSlack for restTime.
const (
	restTime  = 30 * time.Second
	restLimit = 5 * time.Minute
	restSlack = 512 << 10
)

// memoryStage is a seeder whose node holds thousands of blobs.
type memoryStage struct {
	*pair
	report   *Report
	streamed []digest.Digest
}

// measureMemory looks at the taker's seeder, once it has come to rest and while
// its mirror relays; with containerd's store and with its own.
func measureMemory(t testbed.T, r *Report) {
	s := &memoryStage{pair: newPair(t), report: r}
	s.streamed = s.giver.fill(t, "stream", streams, streamSize)
	s.waitAnnounced(s.streamed, 1)
	held := s.taker.fill(t, "held", restBlobs, restBlobSize)
	root := s.embeddedStore()
	for range r.Rounds {
		s.startSeeder(s.taker)
		s.look("containerd's store", held)
		s.startEmbedded(root)
		s.look("a store of its own", held)
	}
}

// embeddedStore fills a folder for a seeder with a store of its own.
func (s *memoryStage) embeddedStore() string {
	s.t.Helper()
	root := s.Dir("embedded")
	store, err := embedded.New(s.t.Context(), root, "")
	if err != nil {
		s.t.Fatalf("%w", err)
	}
	defer func() { _ = store.Close() }()
	fill(s.t, store.Base, "held", restBlobs, restBlobSize)
	return root
}

func (s *memoryStage) startEmbedded(root string) {
	s.startSeeder(s.taker, "--store=embedded", "--embedded-root="+root)
}

func (s *memoryStage) look(store string, held []digest.Digest) {
	s.t.Helper()
	s.waitAnnounced(held, 1)
	pid := s.taker.seeder.PID()
	m := s.atRest(pid)
	s.report.note(store+", at rest", "MB", atMost(30), megabytes(m.Resident))
	s.report.note(store+", at rest: of its own", "MB", nil, megabytes(m.Anonymous))
	s.report.note(store+", at rest: program file", "MB", nil, megabytes(m.File))
	forgetPeak(s.t, pid)
	s.stream()
	s.report.note(store+", 10 blobs streaming, peak", "MB", atMost(64), megabytes(memoryOf(s.t, pid).Peak))
}

// atRest waits until the size has settled.
func (s *memoryStage) atRest(pid int) memory {
	s.t.Helper()
	first, since := memoryOf(s.t, pid), time.Now()
	s.Eventually(restLimit, "the seeder is at rest", func() bool {
		if m := memoryOf(s.t, pid); m.Resident-first.Resident > restSlack || first.Resident-m.Resident > restSlack {
			first, since = m, time.Now()
		}
		return time.Since(since) > restTime
	})
	return memoryOf(s.t, pid)
}

// stream reads all the blobs at the same time through the taker's mirror.
func (s *memoryStage) stream() {
	s.t.Helper()
	var group errgroup.Group
	for _, d := range s.streamed {
		group.Go(func() error {
			_, err := fetchAll(s.t.Context(), s.taker.Host.Client(), atMirror(d), make([]byte, readSize), streamSize)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		s.t.Fatalf("%w", err)
	}
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }
