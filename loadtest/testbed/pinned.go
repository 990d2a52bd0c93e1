package testbed

import "strings"

// Pinned tells whether ctr lists the image as one that the kubelet's garbage
// collection has to spare.
func (c *Containerd) Pinned(ref string) bool {
	c.Host.bed.t.Helper()
	return strings.Contains(c.mustCtr("images", "ls", "name=="+ref), "io.cri-containerd.pinned=pinned")
}
