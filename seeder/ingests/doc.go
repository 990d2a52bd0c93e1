// Package ingests knows what is on its way into this node's store, so that
// neighbours can have the beginning before this node has the end.
//
// The mirror tells it what containerd is about to write: what is relayed
// ([Ingests.From]) and what containerd was sent to the registry for
// ([Ingests.Expect]). A look at the folder of ingests now and then finds what
// does not pass through the mirror. Each ingest is followed by one goroutine,
// which tells the trackers at the first bytes, at another parent and at the
// end, and how what comes from the registry and neighbours read goes on;
// heartbeats list them all.
//
// What is relayed is fed to the ingest's readers as well ([Ingests.Feed]): they need
// not wait until containerd, which writes a megabyte at a time, has written it.
//
// An ingest counts only once it was seen to grow. What a crash has left
// behind, and what is full of wrong bytes and cannot be committed, does not
// grow: it is never told to anybody, nor served.
package ingests
