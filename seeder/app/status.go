package app

import (
	"github.com/drayproject/dray/seeder/status"
	"github.com/drayproject/dray/seeder/transfers"
	"github.com/drayproject/dray/shared/process"
)

// status is what people on this machine are told.
func (a *App) status(node string, uploads func() int, seen *transfers.Log) func(recent int) status.Status {
	return func(recent int) status.Status {
		return status.Status{
			Node:     node,
			Version:  process.Version(),
			Ready:    a.walked(),
			Store:    a.inventory.Healthy(),
			Digests:  len(a.inventory.Snapshot().Digests),
			Trackers: a.announcer.Sessions(),
			Degraded: a.degraded(),
			Uploads:  uploads(),
			Arriving: a.ingests.List(),
			Recent:   seen.Recent(recent),
		}
	}
}
