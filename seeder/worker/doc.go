// Package worker does on this node what the tracker that places content wants
// done: it gets images through the node's own mirror, pins them, and lets them go
// again.
//
// There are no orders, only a state to reach. Each answer to a work message has
// all tasks and all pins of the node; the worker begins what is new, gives up
// what is gone, and tells how far the rest is. So a lost message, a tracker that
// dies, or one that is new to it all change nothing that is under way. What has to
// outlive the seeder, the pins, is written in its containerd.
//
//	tracker ─ heartbeat's answer: "work" ─▶ announcer ─▶ Worker.Asked
//	Worker ─ work: tasks, pins, room ─▶ tracker ─ tasks, pins to have ─▶ Worker
//	task ─▶ puller ─▶ mirror ─▶ neighbours, or the registry
package worker
