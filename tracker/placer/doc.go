// Package placer carries placement out: it makes the world that package
// placement looks at, hands its plans to the nodes, and keeps what has to outlive
// a tracker in the common memory.
//
// All trackers know the policies, the jobs and the drains. One of them acts: the
// one that holds the claim (claim.go). It asks every node once for what it does
// and keeps; when it has heard them, or after [hearing], it plans, once a second
// and when there is news. Another that takes over goes on from what the nodes
// say: a task has the same ID whoever plans it, and a node never does the same
// attempt twice.
//
//	claim.go     who acts
//	papers.go    policies, jobs and drains, as the common memory has them
//	change.go    what people want of these
//	file.go      policies that a file owns
//	world.go, content.go, parts.go   what is
//	plan.go, finish.go   the loop: plan, adopt, tell, write down
//	work.go      what nodes say, and what they are answered
//	ended.go     what nodes have done, for whoever acts next
//	drain.go, draining.go   nodes that leave once their content is elsewhere
//	questions.go what people ask
//	view.go      how it stands, for people, at any tracker
//	secrets.go   credentials for registries
//
// Without a common memory a tracker acts for itself, and what it was told is
// lost with it. So of several such trackers one alone may have policies.
package placer
