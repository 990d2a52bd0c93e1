// Package announcer is a seeder's conversation with its trackers.
//
// There is one session per tracker, and every tracker is told everything. A
// session registers, announces the whole inventory, as soon as the tracker has
// time for it, and from then on sends
// heartbeats, changes and reports, each in a goroutine of its own: a heartbeat
// never waits behind a big announcement.
//
//	Run ─▶ discovery ─▶ session ─┬─ heartbeats (session.go)
//	                             ├─ announcements (announce.go, parts.go)
//	                             ├─ reports (reports.go)
//	                             └─ progress of ingests (progress.go)
//
// Lookups go the other way round: each digest has its own tracker among those
// that answer (rendezvous.go), so that one mind arranges all who want the same
// blob. Any other can answer too, and is asked when the first does not. A join may
// bear a late answer where a copy from the registry would follow (question.go). A
// circuit breaker per tracker (breaker.go) sees to it that trackers that do not
// answer cost nothing: pulls then go their way without Dray.
package announcer
