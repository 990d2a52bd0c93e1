package app

import (
	"context"

	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placement"
	"github.com/drayproject/dray/tracker/placer"
)

// newPlacer puts together what places content.
func (t *Tracker) newPlacer(cfg Config, desk journal.Desk, id string, known *index.Index, log *events.Log) (err error) {
	limits := placement.DefaultLimits()
	limits.Reserve, limits.MaxAway = float64(cfg.PlacementReserve)/100, float64(cfg.PlacementMaxAway)/100
	t.placer, err = placer.New(placer.Parts{
		Desk: desk, ID: id, Shared: cfg.Redis != "", Index: known, Roster: t.roster, Events: log,
		Secrets: placer.Secrets(cfg.PullSecretsDir), File: cfg.PoliciesFile, Limits: limits,
	}, t.log)
	t.api.Place(t.placer)
	return err
}

// place runs the placer until ctx ends, or until stop is called, which returns
// when it has given back its claim: before the common memory is closed.
func (t *Tracker) place(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t.placer.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}
