// Package chain proves the bytes of a large blob piece by piece, while they come.
//
// A hash that runs over a blob goes through states. SHA-256's and SHA-512's after
// every [Piece] are what this package calls links, and all links of a blob in
// order are its chain: 32 bytes (64 for SHA-512) for 256 KiB. They are a by-product
// of a hash that is computed anyway (link.go).
//
// Whoever has hashed a blob to its end, and met its digest, has a true chain. With
// it each piece of anybody's bytes is proved as soon as it is there: the running
// hash, after the piece, must be where the chain says. Two different pieces that
// lead from one link to the same other one would be a collision of the hash.
//
// A [Chain] can be read while it is still being made, by the same process or over
// the network (wire.go). It ends with the sum of the whole, which tells whether the
// links before it are true: no one knows it while he still hashes.
//
// A [Maker] has the chains of this node's own content: it is given those of blobs
// that were fetched, and makes the others when they are asked for (maker.go,
// kept.go).
package chain
