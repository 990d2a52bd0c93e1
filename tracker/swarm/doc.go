// Package swarm decides who is handed out to whom.
//
// A lookup's handout is made in two steps. [Gather] looks at the holders of a
// digest, from a random one on, until it has seen enough good ones; then [Rank]
// puts those in order. Both are pure.
//
// Gather does not look at everybody, since a popular digest has thousands of
// holders. It has seen enough when four times as many as wanted are alive and
// in the asker's zone, so that Rank can choose by load; or, when the zone has
// too few, after 256 that are alive. Dead nodes are passed over and do not
// count. Only where almost nobody is well does it go through all holders, and
// then finds the last one. That every lookup begins elsewhere shares the work
// among holders that are equally good.
//
// A join's handout comes with a place: each digest that somebody is fetching has a
// [Tree], which knows who gets it from whom and how far everybody is, and who has
// the leave to get it from the origin. It is pure as well, and is what
// "loadtest swarm" simulates. Around it, forest.go and what follows it keep one
// tree for each digest, with a lock and a clock, and hear what nodes say.
//
//	join.go, place.go, sight.go   finding a place
//	fanout.go, ledger.go          how many children a parent may have
//	lease.go, queue.go            the leave for the origin, and those who wait
//	hear.go, kin.go               what changes a tree
package swarm
