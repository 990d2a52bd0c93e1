package scribe

import (
	"context"

	"github.com/drayproject/dray/tracker/roster"
)

// order brings what operators want of nodes in line with the journal, in both
// directions: the later order counts, whichever tracker was given it, and one
// that the journal has lost is given to it again.
func (s *Scribe) order(ctx context.Context) error {
	orders, err := s.journal.Orders(ctx)
	if err != nil {
		return err
	}
	for node, o := range orders {
		s.roster.Obey(node, roster.Order(o))
	}
	return s.journal.Order(ctx, s.later(orders))
}

// later is those orders that the journal does not know yet.
func (s *Scribe) later(known map[string]int64) map[string]int64 {
	later := map[string]int64{}
	for n := range s.roster.All() {
		if o := int64(n.Order()); o > known[n.Identity().Name] {
			later[n.Identity().Name] = o
		}
	}
	return later
}
