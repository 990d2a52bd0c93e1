// Package fetcher turns a digest into one verified, unbroken stream of bytes
// from whichever neighbours can send them.
//
// The main path is short. [Fetcher.Fetch] gets a handout (handouts.go), puts
// its peers in the order in which they deserve to be asked (order.go), and
// opens the first that answers: when one stays silent longer than it usually
// does, the next is asked in parallel (race.go). A body (body.go) is what
// comes out of it: it reads from that parent, and moves on to the next at the
// same offset when the parent dies or stalls (failover.go). A [Stream] is a body whose bytes
// are hashed on the way (checker.go): where the digest does not match, the reader
// gets an error in place of the end.
//
// Of a large blob another holder, the witness, is asked for the chain (witness.go;
// see package chain). While links are there in time, each piece is compared with
// them before the reader has it (keeping.go says when; it is pure). One that does not
// fit is fetched from somebody else (mend.go, rewind.go), which also tells who was
// wrong (dispute.go).
//
// Where one parent does not fill the link, others send pieces from farther on
// (flow.go, ahead.go, helper.go). How many is decided by pilot.go, and where their
// pieces lie by spread.go; both are pure. A piece that is not there when the reader
// comes is left to the parent, as if nobody had been asked.
//
// When a tracker says that a parent is slow, the stream moves to a better one
// (move.go). Who has failed a body is avoided by the next one of the same digest
// (avoid.go).
//
// What went wrong with a peer is told to the trackers and remembered (judge.go,
// peers.go, grudges.go), so that the next fetch asks it last, or not at all for
// that digest.
//
// When no tracker answers, the last handout of a digest serves, or else a few
// nodes that were handed out of late are asked on the off chance
// (acquaintances.go).
//
// A stream that starts in the middle of a blob cannot be verified here; see
// [Stream.Verified].
package fetcher
