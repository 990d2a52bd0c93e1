// Package roster knows the nodes and which of them are alive.
//
// [Policy.Next] is the whole of the judgement: a pure function from a standing
// and a piece of evidence to the next standing and the reason.
//
//	joining → ready → suspect → dead → purged
//	             draining → gone → purged
//
// Evidence comes from the nodes themselves (register, heartbeat, leave), from
// their peers' reports, from the end of the connection that a heartbeat came
// over ([Line]), and from silence, for which [Roster.Run] looks at all nodes
// some twenty times a second. Whoever is doubted is probed at once, by a
// [Prober]: reports alone make a node suspect, never dead, so that one reporter
// can kill nobody, and one that tries loses its voice. Before a node may die of
// silence alone stand the gates (gates.go).
//
// The roster's clock runs only while the tracker does. Each scan moves it on,
// by no more than two scan periods; if the scan is late because the process was
// paused or starved, that time has not passed for anyone, and nobody is late
// because the tracker was.
//
// How long a silence is too long depends on how often the node was told to beat.
// The interval grows with the fleet ([Roster.Tell]), and each node is measured by
// what it was told itself, so nobody is late because others were told less.
//
// Lookups ask for thousands of nodes, and heartbeats come from as many: both
// touch only a node's own words in memory, without a lock. A node is named by
// an ordinal, a small number for use in bitmaps.
package roster
