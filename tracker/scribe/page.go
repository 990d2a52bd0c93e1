package scribe

import (
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/roster"
)

// page is what the journal has of a node, as far as is known.
type page struct {
	there  bool
	epoch  int64
	hash   trackerapi.SetHash
	heard  time.Time
	writer string

	// ours is what this tracker knew when the page last agreed with it. It
	// shows changes that are not in the stamp.
	ours glance
	// strikes is how often the page was found to be wrong although another
	// tracker is there to write it.
	strikes int
}

// glance is what this tracker knows of a node. Identities are replaced, never
// changed.
type glance struct {
	id    *trackerapi.Node
	state roster.State
	as    index.Version
}

// agrees says whether the page is of the same set of the same run.
func (p *page) agrees(g glance) bool {
	return p.there && p.epoch == g.id.Epoch && p.hash == g.as.Hash
}

const patience = 2 // strikes after which a page is written by who is not home

// due is whether a tracker that knows so much of a node should write its page.
// orphaned says that the page's writer has long been gone.
//
// A node that this tracker does not hear, or that has not spoken for itself
// yet, may be known better by others: then only what is missing is written, or
// what does not touch the set.
func (p *page) due(g glance, home, orphaned bool) bool {
	sure := g.as.Announced && g.state.Usable()
	changed := p.ours != glance{} && p.ours != g
	switch {
	case !p.there:
		return home || (sure && p.strikes >= patience)
	case !p.agrees(g):
		return sure && (home || p.strikes >= patience)
	}
	return home && (changed || orphaned)
}
