package scribe

import (
	"context"
	"errors"
	"time"

	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/roster"
)

const (
	recallTime = 30 * time.Second // for loading everything
	// grace is for nodes to find the tracker again: their sessions try every
	// five seconds at the latest.
	grace = 15 * time.Second
)

// Recall fills the index and the roster from the journal, before any node is
// answered. It fails only where an operator has to do something; if the
// journal is merely away, the nodes will tell.
func (s *Scribe) Recall(ctx context.Context) error {
	defer s.recalled.Store(true)
	bounded, cancel := context.WithTimeout(ctx, recallTime)
	defer cancel()
	err := s.load(bounded, roster.Ready)
	if err != nil {
		s.filledAt.Store(time.Now().Add(fillTime).UnixNano())
	}
	if errors.Is(err, journal.ErrRefused) {
		return err
	}
	s.note(ctx, err)
	return nil
}

// load takes in all entries. Nodes that have spoken for themselves meanwhile
// are left as they are; others get the state alive, unless they were last
// known not to be.
func (s *Scribe) load(ctx context.Context, alive roster.State) error {
	if err := s.journal.Open(ctx); err != nil {
		return err
	}
	begin := time.Now()
	orders, err := s.journal.Orders(ctx)
	if err != nil {
		return err
	}
	nodes, pairs := 0, 0
	for e, err := range s.journal.Load(ctx) {
		if err != nil {
			return err
		}
		if err := s.restore(e, alive, roster.Order(orders[e.Node.Name])); err != nil {
			return err
		}
		nodes++
		if e.Set != nil {
			pairs += len(e.Set.Digests)
		}
	}
	s.loaded, s.doubt = true, true
	s.log.Info("journal is loaded", "nodes", nodes, "pairs", pairs, "took", time.Since(begin))
	return nil
}

func (s *Scribe) restore(e journal.Entry, alive roster.State, o roster.Order) error {
	n, restored, err := s.roster.Restore(e.Node, lastKnown(e.History, alive, o), grace)
	if err != nil {
		return err
	}
	s.roster.Obey(e.Node.Name, o)
	s.history.before(e.Node.Name, e.History)
	if restored && e.Set != nil {
		s.index.Restore(n.Ordinal(), e.Set.Digests, e.Set.Images)
	}
	return nil
}

// lastKnown is the state to begin with. A node that was drained by an operator
// has not left by itself, and does not have to register to be used again.
func lastKnown(history []journal.Verdict, alive roster.State, o roster.Order) roster.State {
	if len(history) == 0 {
		return alive
	}
	last := history[len(history)-1]
	switch {
	case last.State == roster.Dead.String():
		return roster.Dead
	case o.Drains(), last.Reason == string(roster.ByDrain):
		return alive
	case last.State == roster.Draining.String(), last.State == roster.Gone.String():
		return roster.Gone
	}
	return alive
}
