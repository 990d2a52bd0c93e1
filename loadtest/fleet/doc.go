// Package fleet is "loadtest fleet": thousands of virtual seeders that speak to
// real tracker processes, to see what a tracker costs and whether it tells the
// truth.
//
// A virtual seeder is a [node]: a name, an address on loopback, an inventory
// from a [catalogue] of images, and one connection to each tracker. It sends
// the messages of a real one and moves no blobs. All of them share a few
// hundred goroutines, which take turns by a [pace].
//
// A run has these parts, in this order; run.go has one function for each:
//
//	fill       the whole fleet registers and announces itself to empty trackers
//	rates      heartbeats and lookups, as many as the tracker takes; half as many
//	people     lookups beside somebody who asks one question of each kind by the admin API
//	comeback   all trackers come back with nothing, and the whole fleet to them, at once
//	restart    all trackers are killed and start again, with Redis or without
//	mix        heartbeats, changes, lookups, failures and returns, side by side
//
// What a tracker is like at half of its highest load is measured by a [rush]: one
// goroutine that asks at an exact pace, over the same connections. It and the trackers
// go before all else on the machine then, see priority.go. With --apart each tracker has
// a CPU of its own, so that its figures are not those of the virtual seeders; see
// apart.go.
//
// Every handout is checked against what the virtual seeders know of themselves:
// see truth.go. The CPU time in the report is that of the tracker processes, as
// the kernel counts it; what the virtual seeders use is not in it, but they
// share the machine, so that the highest load is lower than it would be alone.
package fleet
