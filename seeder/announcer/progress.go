package announcer

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	maxNews         = 4 * trackerapi.MaxIngests // ingests that wait for a tracker that is slow
	progressTimeout = time.Second
)

// Progress tells all trackers how ingests go, at once: others wait for it. It
// never blocks.
func (a *Announcer) Progress(ingests []trackerapi.Ingest) {
	for _, s := range *a.sessions.Load() {
		if s.up.Load() {
			s.news.put(ingests)
		}
	}
}

// news is what a tracker has not been told of ingests: the latest of each.
type news struct {
	some chan struct{} // holds one when there is some

	mu     sync.Mutex
	latest map[digest.Digest]trackerapi.Ingest
}

func newNews() *news {
	return &news{some: make(chan struct{}, 1), latest: map[digest.Digest]trackerapi.Ingest{}}
}

// put drops what is too much: the next heartbeat lists all ingests.
func (n *news) put(ingests []trackerapi.Ingest) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, in := range ingests {
		if _, known := n.latest[in.Digest]; known || len(n.latest) < maxNews {
			n.latest[in.Digest] = in
		}
	}
	select {
	case n.some <- struct{}{}:
	default:
	}
}

func (n *news) take() []trackerapi.Ingest {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := make([]trackerapi.Ingest, 0, len(n.latest))
	for _, in := range n.latest {
		all = append(all, in)
	}
	clear(n.latest)
	return all
}

// progressAll sends news as they come; what comes while a message is on its way
// goes out together.
func (s *session) progressAll(ctx context.Context) {
	for {
		select {
		case <-s.news.some:
		case <-ctx.Done():
			return
		}
		for part := range slices.Chunk(s.news.take(), trackerapi.MaxIngests) {
			s.sendProgress(ctx, part)
		}
	}
}

// sendProgress tries once: what gets lost is in the next heartbeat, or, if it
// ended, is not.
func (s *session) sendProgress(ctx context.Context, part []trackerapi.Ingest) {
	ctx, cancel := context.WithTimeout(ctx, progressTimeout)
	defer cancel()
	_, err := s.tracker.client.Progress(ctx, trackerapi.ProgressRequest{Sender: s.who, Ingests: part})
	s.metrics.progress.WithLabelValues(result(err)).Inc()
	s.log.Debug("progress", "count", len(part), "error", err)
}

// position is what a tracker has been sent and has acknowledged.
type position struct {
	seq   uint64
	hash  trackerapi.SetHash
	known bool // something has been acknowledged since the session was opened
	// held: the tracker needs everything, and will ask for it.
	held bool
	// round is odd while an announcement is under way.
	round uint64
}

// settled tells whether the tracker ought to be there, or is known not to be. It
// need not before the first whole set, and while an announcement is on its way.
func (p position) settled() bool { return (p.known || p.held) && p.round%2 == 0 }

// progress is the present position. The announcements move it on, the
// heartbeats read it.
type progress struct {
	mu sync.Mutex
	at position
}

func (p *progress) now() position {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

// turn starts or ends a round.
func (p *progress) turn() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at.round++
}

// restart is for a session that is opened anew.
func (p *progress) restart() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at.known, p.at.held = false, false
}

// hold notes whether the tracker wants everything later.
func (p *progress) hold(held bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at.held = held
}

func (p *progress) acknowledged(m trackerapi.AnnounceRequest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at.seq, p.at.hash, p.at.known = m.Seq, trackerapi.SetHash(m.SetHash), true
	p.at.held = false
}
