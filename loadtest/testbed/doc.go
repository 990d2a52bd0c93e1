// Package testbed builds small clusters out of real parts on one Linux machine:
// network namespaces as hosts, joined by a switch with links of a given rate
// that can be cut; containerd, a registry, trackers and seeders as processes on
// them. Tests, demonstrations and benchmarks use it. It needs root.
//
//	bed := testbed.New(t)
//	registry := bed.Registry(bed.Host("registry"))
//	registry.Push("app:1", image) // made by package imagekit
//	node := bed.Containerd(bed.Host("n1"))
//	node.Mirror("registry.test", registry.URL)
//	node.Host.SetRate(testbed.Gbit)
//	err := node.Pull(t.Context(), "registry.test/app:1")
//
// Everything ends with the test, and a process never outlives the program that
// started it, even when that is killed. Beds of several tests and of several
// programs live side by side: their names contain the process id, and what a
// crashed run has left is removed by the next one.
//
// Methods that set something up don't return errors: a bed that can't be built
// ends the test (see [T]).
package testbed
