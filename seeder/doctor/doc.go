// Package doctor finds what keeps a node from giving and getting layers: a
// containerd that does not ask its mirror, or keeps nothing to share; trackers
// that are not reached; an address that leads nowhere. Each [Result] says what
// is so, why it matters, and exactly what to do about it.
//
//	Examine ─▶ containerd   asked over its socket, and for its own configuration
//	        ─▶ this seeder   on its three addresses
//	        ─▶ the mirror    containerd pulls an image that only the mirror has
//	        ─▶ the trackers  do they name this node for it, and at which address?
//
// "seeder doctor" prints the results; a seeder that starts logs and counts them
// ([Doctor]). It never refuses to run because of them.
package doctor
