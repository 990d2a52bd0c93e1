// Package swarm is "loadtest swarm": the flash crowd of a cluster of up to
// 100 000 nodes, simulated. What the tracker decides is decided by the tracker's
// own code ([swarm.Tree]); nodes, links and clocks are made up.
//
// Everything that is said happens as an event, in the order of time: a join, its
// answer, the first bytes, a heartbeat, a death. What flows between two events
// flows in steps of a few milliseconds: in each, every uplink is shared fairly by
// the children it feeds, a child takes no more than it can take in, and no more
// than its parent had when the step began. So the bytes need at least one step
// for each hop, as they do in a cluster. Where an image has several blobs, they share
// the links, and a node asks for three at a time, as containerd does.
//
// The events are in crowd.go, node.go and pull.go, the flow in flow.go, what is measured
// in result.go, the pictures in pictures.go. The same seed gives the same run.
package swarm
