// Package events remembers what has lately happened in the cluster, for those
// who look at it: verdicts on nodes, pulls, and what came of the work
// that trackers give to nodes.
//
// A [Log] keeps the latest of each kind, numbered in one order. Who follows it
// reads from a number on and waits; one that is too slow finds a gap, and holds
// nobody up.
//
// [Pulls] makes pulls out of what nodes say of their ingests. It knows what this
// tracker was told, and nothing else: a pull that goes past Dray, or one of a
// seeder that does not speak of ingests, is not seen. Bytes are counted where
// they arrive, by where they come from.
package events
