// Package scribe keeps the trackers' common memory, a journal, in line with
// what this tracker knows, and fills the tracker from it at the start.
//
// There is no queue of changes. Once a second, [Scribe.Run] goes through the
// nodes and compares what the index and the roster have with the page that the
// journal is known to have of each; what differs is written. What could not be
// written differs still the next time. What the journal has is read anew bit by
// bit, so that within ten seconds every page was looked at, and all at once
// after any fault: what was lost, or is older than it was, is then found in the
// same way.
//
// Each node has a home, the tracker that writes its page: chosen by rendezvous
// hash among those that have been seen in the journal lately. If a page stays
// wrong all the same, any tracker that hears the node writes it: its home may
// be cut off from it.
//
// One goroutine speaks to the journal. Nothing that a node waits for does, so
// a journal that hangs holds up nobody.
package scribe
