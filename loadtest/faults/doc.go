// Package faults breaks holders on purpose and measures who notices: how long
// until no tracker names a dead node any more, what a pull loses to one, and
// whether pulls fail or live nodes are taken for dead.
//
// Everything is real: tracker and seeder processes on hosts of a test bed, with
// stores of their own and no registry, so that a pull that neighbours can't
// serve is a failed one. Pulls are plain GETs at a seeder's mirror, as
// containerd makes them. containerd itself would only add its own time, and
// would ask a second time where a body ends short: here that counts as failed.
//
//	stock.go    what the holders hold
//	site.go     trackers, holders, and the node that asks
//	pull.go     one pull, watched from outside
//	answers.go  what the trackers answer, watched from outside
//	scenes.go   what breaks, and what is measured then
//	report.go   the table
//
// That no live node is taken for dead is watched with the virtual seeders of
// package fleet (living.go).
package faults
