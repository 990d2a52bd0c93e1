// Package placement decides which node should have which image.
//
// [Make] compares what should be, policies and jobs, with what is, a [World], and
// says what every node has to do and to keep. It is pure: it has no clock, no
// memory and no chance, so that another tracker which sees the same world comes
// to the same plan, and goes on where the first one ended.
//
// For one image and one policy it goes in three steps, see choose.go. It keeps
// what is there: pinned copies first, then those on their way, then those that
// nodes have of their own accord. It fills up to the factor with the nodes that
// the policy's strategies find best. And it evens out: a copy moves if that
// spreads the copies so much better that it is worth the bytes, and for no other
// reason. A copy is let go only when all those that are to stay are there.
//
//	policy.go, job.go                  what should be
//	validate.go, parse.go, pattern.go  what of it is refused
//	world.go, plan.go                  what is, and what follows from it
//	make.go                            the way from the one to the other, from which all else is reached
//	claim.go, choose.go, even.go, score.go   who should have an image
//	jobs.go, drain.go                  prewarming, and saving what a node has
//	recall.go, tasks.go                what has been given, how it is recognised, and what is given
//	explain.go, capacity.go, lost.go, contradict.go   questions about it
package placement
