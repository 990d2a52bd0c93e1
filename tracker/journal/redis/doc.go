// Package redis keeps the trackers' common memory in Redis 6.2 or later: alone,
// behind Sentinels, or as a Cluster. It is the only package that knows
// go-redis.
//
// # Schema
//
// All keys begin with one prefix, here "dray:". NN is a shelf, 00 to 3f, and
// ID is a tracker's: 16 hexadecimal digits, new for each run.
//
//	dray:version        string  "dray-journal-1"; where it is, the keys are ours
//	dray:trackers       hash    ID → the tracker's last beat, a number
//	dray:orders         hash    node → what an operator last wanted of it: twice
//	                            the Unix milliseconds, plus one if to drain it
//	dray:papers:KIND    hash    a paper's name → its revision, a space, its text;
//	                            and the empty name → the latest revision
//	dray:acting         hash    holder → the ID of the tracker that acts; term → how
//	                            often that has changed; until → when its claim ends,
//	                            in Unix milliseconds of the server
//	dray:nodes:{NN}     hash    node → JSON: epoch, address, zone, labels, history
//	dray:sets:{NN}      hash    node → its inventory, as below
//	dray:stamps:{NN}    hash    node → 28 bytes: epoch, set hash, heard, ID
//	dray:digests:{ID}   string  32 bytes for each SHA-256 digest that ID has numbered
//	dray:words:{ID}     hash    number → an image name, or a digest of another kind
//
// What a Cluster puts on one server is in braces.
//
// # Papers and the claim
//
// Each change of either is one script on one key, so that it is whole or not at
// all, in a Cluster too. After policy "base" was written twice and policy "old"
// was taken away, dray:papers:policy is:
//
//	(empty)  "4"
//	base     `2 {"name":"base","factor":3}`
//
// # Books
//
// A fleet has few digests and many copies of each, so inventories are lists of
// numbers. Each tracker numbers for itself, in the order in which it meets
// digests and words; the two keys with its ID are its book, and each set names
// the book that it is written with. Number n is at the bytes 32·n to 32·n+31.
//
// Only its own tracker writes a book, each number always with the same
// content in the same place, and never gives a number twice. So writing a page
// again is always right, which mends any loss; and what is lost until then
// reads as missing, never as something else: a failover that drops the latest
// writes can't turn one digest into another.
//
// # A set
//
// Integers are varints of encoding/binary, hashes and IDs 8 bytes, big endian.
//
//	1, ID, set hash
//	count, then the numbers of SHA-256 digests, ascending: the first one,
//	       and for each other how many were left out before it
//	count, then the words of other digests
//	count, then for each image: the word of its name; its digest, as twice
//	       its number, plus one if that is a word's; the microseconds since
//	       the image before, at first since 1970
//
// For example, tracker 00000000000000aa has numbered four digests, and node a
// holds the numbers 0, 1 and 3, of which 1 is also the image that word 0 names,
// since 64 µs after 1970 began:
//
//	01 00000000000000aa <hash> 03 00 00 01  00  01 00 02 80 01
//
// A set that does not lead to its own hash, because its book was lost or for
// any other reason, counts as unknown.
package redis
