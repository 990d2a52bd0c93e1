package events

// Work is news of what the trackers want nodes to have: of a job, a task of one
// node, a policy, or a drain.
type Work struct {
	Kind   string   // job, task, policy or drain
	Name   string   // the job's or task's ID, the policy's or the node's name
	State  string   // what it is now
	Node   string   // of a task or drain
	Image  string   // of a task or policy
	Wanted []string // who wants a task: "job/7f3a"
	// Offset of Size bytes are there, of a job or task, as far as is known.
	Offset, Size int64
	// Done and so on count pairs of a node and an image, of a job.
	Done, Failed, Running, Waiting int
	Reason                         string // why it is so, where that is not well
}
