// Package probe is the tracker's own look at a node: does the port that serves
// blobs answer?
//
// A probe sends GET /v2/ to the peer side, on a connection of its own, since a
// kept one hides for seconds that the host is gone. It does not wait for the
// kernel either, which repeats a lost SYN after a second: some milliseconds
// later a second try starts beside the first, and then a third. The first
// answer of any of them is the outcome, and so is the first refusal.
//
// Whatever answers in HTTP is alive; what it says does not matter.
package probe
