package events

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/roster"
)

const (
	maxRunning = 100_000 // pulls that are followed at a time; the others are not
	maxSources = 16      // of one pull that are told apart
)

// Pulls follows the nodes' ingests. It is safe for concurrent use.
type Pulls struct {
	log *Log
	// following is how many pulls are running: most heartbeats of most
	// fleets have none to tell of, and wait for nobody.
	following atomic.Int64

	mu      sync.Mutex
	running map[string]map[digest.Digest]*Pull // by node
	totals  Totals
	hour    hour
}

// NewPulls makes a Pulls that tells the log.
func NewPulls(log *Log) *Pulls {
	return &Pulls{log: log, running: map[string]map[digest.Digest]*Pull{}}
}

// Hear takes in what a node says of its ingests; all says that it has no others
// under way.
func (p *Pulls) Hear(node string, ingests []trackerapi.Ingest, all bool) {
	if len(ingests) == 0 && p.following.Load() == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range ingests {
		p.hear(node, &ingests[i])
	}
	if all {
		p.end(node, func(d digest.Digest) bool {
			return !slices.ContainsFunc(ingests, func(i trackerapi.Ingest) bool { return i.Digest == d })
		})
	}
}

// Observe implements [roster.Observer].
func (p *Pulls) Observe(v roster.Verdict) {
	if v.To != roster.Dead && v.To != roster.Gone && v.To != roster.Purged {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end(v.Node, func(digest.Digest) bool { return true })
}

// end loses those of a node's pulls.
func (p *Pulls) end(node string, over func(digest.Digest) bool) {
	for d, pull := range p.running[node] {
		if over(d) {
			p.finish(pull, Lost)
		}
	}
}

func (p *Pulls) hear(node string, i *trackerapi.Ingest) {
	pull, begun := p.running[node][i.Digest], false
	if pull == nil {
		if pull = p.begin(node, i); pull == nil {
			return
		}
		begun = true
	}
	p.count(pull, i)
	news := begun || pull.Parent != i.Parent
	if pull.Parent != i.Parent {
		pull.Parent = strings.Clone(i.Parent)
	}
	pull.Rate, pull.Size = i.Rate, max(i.Size, pull.Size)
	switch {
	case i.Ended && pull.Size > 0 && pull.Offset == pull.Size:
		p.finish(pull, Complete)
		if !begun {
			p.hour.took(pull.Over.Sub(pull.Began))
		}
	case i.Ended:
		p.finish(pull, Ended)
	case news:
		p.tell(pull)
	}
}

// begin is nil for what is over before it was heard of without a byte, and
// where there are too many.
func (p *Pulls) begin(node string, i *trackerapi.Ingest) *Pull {
	if (i.Ended && i.Offset == 0) || p.totals.Running == maxRunning {
		return nil
	}
	pull := &Pull{ // messages share their strings' memory, and go
		Node: strings.Clone(node), Digest: digest.Digest(strings.Clone(string(i.Digest))), State: Running,
		Parent: strings.Clone(i.Parent), Began: time.Now(),
	}
	if p.running[node] == nil {
		p.running[pull.Node] = map[digest.Digest]*Pull{}
	}
	p.running[pull.Node][pull.Digest] = pull
	p.totals.Running++
	p.following.Add(1)
	return pull
}

// count enters the bytes that are new. An ingest that was aborted and begun
// again starts from 0: its bytes come twice, and count twice.
func (p *Pulls) count(pull *Pull, i *trackerapi.Ingest) {
	got := i.Offset - pull.Offset
	if got < 0 {
		got = i.Offset
	}
	pull.Offset = i.Offset
	if got == 0 {
		return
	}
	if i.Parent == "" {
		p.totals.OriginBytes += got
		p.hour.now().OriginBytes += got
	} else {
		p.totals.PeerBytes += got
		p.hour.now().PeerBytes += got
	}
	at := slices.IndexFunc(pull.Sources, func(s Source) bool { return s.Node == i.Parent })
	switch {
	case at >= 0:
		pull.Sources[at].Bytes += got
	case len(pull.Sources) < maxSources:
		pull.Sources = append(pull.Sources, Source{strings.Clone(i.Parent), got})
	}
}

func (p *Pulls) finish(pull *Pull, how PullState) {
	pull.State, pull.Over, pull.Rate = how, time.Now(), 0
	delete(p.running[pull.Node], pull.Digest)
	if len(p.running[pull.Node]) == 0 {
		delete(p.running, pull.Node)
	}
	p.totals.Running--
	p.following.Add(-1)
	switch how {
	case Complete:
		p.totals.Complete++
		p.hour.now().Complete++
	case Ended:
		p.totals.Ended++
		p.hour.now().Ended++
	case Lost:
		p.totals.Lost++
		p.hour.now().Lost++
	}
	p.tell(pull)
}

func (p *Pulls) tell(pull *Pull) { p.log.Add(Event{Pull: pull.clone()}) }

// Totals may be asked at any time.
func (p *Pulls) Totals() Totals {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.totals
}

// Hour has the latest 60 minutes, the oldest first; the last one goes on.
func (p *Pulls) Hour() []Minute {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hour.list()
}

// Running are the running pulls that match, in no order.
func (p *Pulls) Running(match func(*Pull) bool) (all []Pull) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ofNode := range p.running {
		for _, pull := range ofNode {
			if match(pull) {
				all = append(all, *pull.clone())
			}
		}
	}
	return all
}
