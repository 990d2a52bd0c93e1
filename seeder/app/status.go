package app

import (
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/status"
	"github.com/drayproject/dray/seeder/transfers"
	"github.com/drayproject/dray/shared/process"
	"github.com/drayproject/dray/shared/trackerapi"
)

// status is what people on this machine are told.
func (a *App) status(node string, uploads func() int, seen *transfers.Log) func(recent int) status.Status {
	return func(recent int) status.Status {
		arriving := a.ingests.List()
		return status.Status{
			Node:     node,
			Version:  process.Version(),
			Ready:    a.walked(),
			Store:    a.inventory.Healthy(),
			Digests:  len(a.inventory.Snapshot().Digests),
			Trackers: a.announcer.Sessions(),
			Degraded: a.degraded(),
			Uploads:  uploads(),
			Arriving: arriving,
			Helpers:  a.helpers(arriving),
			Tasks:    a.tasks(),
			Pins:     a.worker.Pins(),
			Recent:   seen.Recent(recent),
		}
	}
}

// helpers are who sends what arrives besides its parent.
func (a *App) helpers(arriving []trackerapi.Ingest) map[digest.Digest][]string {
	all := map[digest.Digest][]string{}
	for _, in := range arriving {
		if nodes := a.fetcher.Helpers(in.Digest); len(nodes) > 0 {
			all[in.Digest] = nodes
		}
	}
	return all
}

// tasks are what the trackers want this node to get.
func (a *App) tasks() (all []status.Task) {
	for _, t := range a.worker.Tasks() {
		all = append(all, status.Task{Image: t.Image, TaskState: t.State})
	}
	return all
}
