package scribe

import (
	"context"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/roster"
)

// A batch is what can be written within the deadline of one call, even over a
// slow link.
const (
	batchNodes = 64
	batchPairs = 50_000
)

// page is what is known of the journal's page of a node.
func (s *Scribe) page(ordinal uint32) *page {
	for int(ordinal) >= len(s.pages) {
		s.pages = append(s.pages, &page{})
	}
	return s.pages[ordinal]
}

func (s *Scribe) glance(n *roster.Node) glance {
	return glance{id: n.Identity(), state: n.State(), as: s.index.Version(n.Ordinal())}
}

// compare notes what the journal has of a node: a stamp, or nothing.
func (s *Scribe) compare(p *page, g glance, stamp *journal.Stamp, now time.Time) {
	if stamp == nil {
		*p = page{strikes: p.strikes}
	} else {
		p.there, p.epoch, p.hash, p.heard, p.writer = true, stamp.Epoch, stamp.Hash, stamp.Heard, stamp.Writer
	}
	switch {
	case !p.agrees(g):
		if s.attendance.home(g.id.Name, now) != s.journal.ID() {
			p.strikes++
		}
	case p.ours.id == nil || p.ours.id.Name != g.id.Name:
		p.ours, p.strikes = g, 0
	default:
		p.strikes = 0
	}
}

// write writes all pages that are due.
func (s *Scribe) write(ctx context.Context) error {
	var b batch
	for n := range s.roster.All() {
		p, g := s.page(n.Ordinal()), s.glance(n)
		if !s.due(p, g) {
			continue
		}
		e, g, ok := s.entry(n, g.id)
		if !ok {
			continue
		}
		b.add(e, p, g)
		if len(b.entries) >= batchNodes || b.pairs >= batchPairs {
			if err := s.flush(ctx, &b); err != nil {
				return err
			}
		}
	}
	return s.flush(ctx, &b)
}

func (s *Scribe) due(p *page, g glance) bool {
	if p.ours.id != nil && p.ours.id.Name != g.id.Name {
		*p = page{} // it was another's
	}
	if p.agrees(g) && !p.ours.as.Announced {
		p.ours.as = g.as // what was remembered has been confirmed
	}
	if p.agrees(g) && p.ours == g && p.writer == s.journal.ID() {
		return false // as for most nodes, most of the time
	}
	now := time.Now()
	return p.due(g, s.attendance.home(g.id.Name, now) == s.journal.ID(), p.there && s.attendance.gone(p.writer, now))
}

// batch is what is written at once.
type batch struct {
	entries []journal.Entry
	pages   []*page
	glances []glance
	pairs   int
}

func (b *batch) add(e journal.Entry, p *page, g glance) {
	b.entries = append(b.entries, e)
	b.pages = append(b.pages, p)
	b.glances = append(b.glances, g)
	b.pairs += len(e.Set.Digests)
}

// entry is what this tracker knows of a node. It is not ok if the ordinal has
// become another's in between.
func (s *Scribe) entry(n *roster.Node, id *trackerapi.Node) (e journal.Entry, g glance, ok bool) {
	g = glance{id: id, state: n.State()}
	e = journal.Entry{
		Node: *id, Heard: time.Now().Add(-max(0, s.roster.Silence(n))).Truncate(time.Second),
		History: s.history.of(id.Name), Set: &journal.Set{},
	}
	e.Set.Digests, e.Set.Images, g.as = s.index.Inventory(n.Ordinal())
	return e, g, n.Identity() == id
}

// flush writes a batch and empties it. If that fails, nothing is known of the
// pages until they are read again.
func (s *Scribe) flush(ctx context.Context, b *batch) error {
	if len(b.entries) == 0 {
		return nil
	}
	if err := s.journal.Write(ctx, b.entries); err != nil {
		return err
	}
	for i, p := range b.pages {
		e, g := &b.entries[i], b.glances[i]
		*p = page{there: true, epoch: e.Node.Epoch, hash: g.as.Hash, heard: e.Heard, writer: s.journal.ID(), ours: g}
	}
	s.written.Add(int64(len(b.entries)))
	*b = batch{}
	return nil
}
