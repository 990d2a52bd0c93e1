// Package inventory knows what this node holds: the digests of its blobs, the
// names of its images, and how both have changed.
//
// The store is asked in four steps that repeat: subscribe to its events, walk
// through all of it, apply the events as they come, and walk again now and
// then. Events are hints, since garbage collection sends none; the walk is the
// truth. One goroutine takes both, in order, so that an event that comes during
// a walk is applied after it and a walk never undoes it.
//
// What is in the store and yet not fit to be served is held back: blobs that
// could not be opened (see [Inventory.Withdraw]) and blobs with wrong bytes (see
// [Inventory.Verify]).
//
// Each change has a sequence number. Whoever reports the inventory elsewhere
// takes a [Snapshot] once and from then on the [Delta] since the last number.
package inventory
