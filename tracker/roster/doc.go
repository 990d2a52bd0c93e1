// Package roster knows the nodes and which of them are alive.
//
// [Policy.Next] is the whole of the judgement: a pure function from a state and
// a piece of evidence to the next state and the reason.
//
//	joining → ready → suspect → dead → purged
//	             draining → gone → purged
//
// Evidence comes from the nodes themselves (register, heartbeat, leave), from
// their peers' reports, and from silence, for which [Roster.Run] looks at all
// nodes some twenty times a second. Reports alone make a node suspect, never
// dead, and its next heartbeat ends it: one reporter can kill nobody.
//
// The roster's clock runs only while the tracker does. Each scan moves it on,
// by no more than two scan periods; if the scan is late because the process was
// paused or starved, that time has not passed for anyone, and nobody is late
// because the tracker was.
//
// Lookups ask for thousands of nodes, and heartbeats come from as many: both
// touch only a node's own words in memory, without a lock. A node is named by
// an ordinal, a small number for use in bitmaps.
package roster
