// Package index is the tracker's memory of who holds what.
//
// It keeps both directions: for each digest the set of its holders, which
// lookups read, and for each node the set of its digests, so that a whole
// announcement can be compared with what was known and a purged node can be
// taken out. The one is a set of node ordinals, which the roster gives out: a
// list of two bytes each, or a compressed bitmap of thousands. The other is a
// set of digest numbers, which a digest has for as long as somebody holds it,
// packed into a byte or two each while the node is not announcing. A digest
// costs about 150 bytes besides.
//
// Image names are kept both ways too: for each name its nodes' tags, and for
// each node its images. Names and their digests are held by number as well, so
// that nothing that there is for each name of each node has a pointer, at which
// the garbage collector would look.
//
// Digests are spread over shards with a lock each. Every node's side has its
// own lock, which is taken first: what one node says is applied in one piece
// after the other, and lookups never wait for a whole announcement but only
// for one digest's change.
//
// A pair that a peer has spoken against is withheld: it stays in the node's
// inventory, and so in its hash, but in no answer. See [Index.Accuse].
package index
