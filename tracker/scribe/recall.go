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
	nodes, pairs := 0, 0
	for e, err := range s.journal.Load(ctx) {
		if err != nil {
			return err
		}
		if err := s.restore(e, alive); err != nil {
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

func (s *Scribe) restore(e journal.Entry, alive roster.State) error {
	state := alive
	if last := len(e.History) - 1; last >= 0 {
		switch e.History[last].State {
		case roster.Dead.String():
			state = roster.Dead
		case roster.Draining.String(), roster.Gone.String():
			state = roster.Gone
		}
	}
	n, restored, err := s.roster.Restore(e.Node, state, grace)
	if err != nil {
		return err
	}
	s.history.before(e.Node.Name, e.History)
	if restored && e.Set != nil {
		s.index.Restore(n.Ordinal(), e.Set.Digests, e.Set.Images)
	}
	return nil
}
