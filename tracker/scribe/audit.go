package scribe

import (
	"context"
	"time"

	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/roster"
)

const (
	shelvesPerStep = 7           // so that all were looked at within ten seconds
	touchAfter     = time.Minute // a page's heard may be so much out of date
	touchBatch     = 500
)

// audit reads what the journal has: everything when in doubt, else a part.
func (s *Scribe) audit(ctx context.Context) error {
	count := shelvesPerStep
	if s.doubt {
		count = journal.Shelves
	}
	nodes := s.shelved()
	for range count {
		if err := s.auditShelf(ctx, s.nextShelf, nodes[s.nextShelf]); err != nil {
			return err
		}
		s.nextShelf = (s.nextShelf + 1) % journal.Shelves
	}
	s.doubt = false
	return nil
}

// shelved is all nodes by their shelves.
func (s *Scribe) shelved() (nodes [journal.Shelves][]*roster.Node) {
	for n := range s.roster.All() {
		shelf := journal.Shelf(n.Identity().Name)
		nodes[shelf] = append(nodes[shelf], n)
	}
	return nodes
}

func (s *Scribe) auditShelf(ctx context.Context, shelf int, nodes []*roster.Node) error {
	stamps, err := s.journal.Stamps(ctx, shelf)
	if err != nil {
		return err
	}
	byName := make(map[string]*journal.Stamp, len(stamps))
	writers := map[string]bool{}
	for i := range stamps {
		byName[stamps[i].Node] = &stamps[i]
		writers[stamps[i].Writer] = true
	}
	s.writers[shelf] = writers
	now := time.Now()
	for _, n := range nodes {
		g := s.glance(n)
		s.compare(s.page(n.Ordinal()), g, byName[g.id.Name], now)
		delete(byName, g.id.Name)
	}
	return s.removeStrays(ctx, byName, now)
}

// removeStrays takes out nodes that nobody has heard for so long that they must
// have been purged.
func (s *Scribe) removeStrays(ctx context.Context, unknown map[string]*journal.Stamp, now time.Time) error {
	var gone []string
	for name, stamp := range unknown {
		if now.Sub(stamp.Heard) > s.purgeAfter && s.attendance.home(name, now) == s.journal.ID() {
			gone = append(gone, name)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	s.log.Info("journal: forgotten nodes are removed", "count", len(gone))
	return s.journal.Remove(ctx, gone)
}

// tidy renews the time of the last sign of life in pages that are otherwise
// right, and removes what dead trackers have left.
func (s *Scribe) tidy(ctx context.Context) error {
	now := time.Now()
	var batch []journal.Stamp
	for n := range s.roster.All() {
		p, g := s.page(n.Ordinal()), s.glance(n)
		if !g.state.Usable() || !p.agrees(g) || s.attendance.gone(p.writer, now) {
			continue
		}
		silence := s.roster.Silence(n)
		heard := now.Add(-silence).Truncate(time.Second)
		if silence < 0 || heard.Sub(p.heard) < touchAfter || s.attendance.home(g.id.Name, now) != s.journal.ID() {
			continue
		}
		p.heard = heard
		batch = append(batch, journal.Stamp{Node: g.id.Name, Epoch: p.epoch, Hash: p.hash, Heard: heard, Writer: p.writer})
		if len(batch) == touchBatch {
			if err := s.journal.Touch(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if err := s.journal.Touch(ctx, batch); err != nil {
		return err
	}
	return s.forgetTrackers(ctx, now)
}

// forgetTrackers takes those off the list that have long been gone and whose
// pages are all written by others now.
func (s *Scribe) forgetTrackers(ctx context.Context, now time.Time) error {
	for id := range s.attendance.seen {
		if !s.attendance.gone(id, now) || s.hasPages(id) {
			continue
		}
		if err := s.journal.Forget(ctx, id); err != nil {
			return err
		}
		s.attendance.strike(id)
		s.log.Info("journal: a tracker that is gone is forgotten", "id", id)
	}
	return nil
}

func (s *Scribe) hasPages(id string) bool {
	for _, writers := range s.writers {
		if writers[id] {
			return true
		}
	}
	return false
}
