// Package e2e holds the end-to-end tests: what Dray promises, shown with real
// containerd nodes, a real registry and the real programs, each in a network
// namespace of its own (see package testbed). Every promise has a file. They
// need root, and skip loudly without.
package e2e
