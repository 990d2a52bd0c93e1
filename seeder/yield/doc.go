// Package yield keeps what nobody waits for, such as replicas, out of the way of
// what somebody waits for.
//
// A request of background work carries a mark, from the worker to the mirror of
// its own node, and from there to the neighbours that it is fetched from. Each
// end gives way where it can see what is going on: the node that fetches slows
// its own background work down while its containerd pulls, and the node that
// sends paces its background connections while it is sending to others.
package yield
