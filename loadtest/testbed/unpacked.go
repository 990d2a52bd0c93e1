package testbed

import (
	"bytes"
	"os"
	"strings"
)

// DiscardLayers has CRI leave layers that are unpacked to garbage collection, as
// some clouds configure it. It restarts containerd.
func (c *Containerd) DiscardLayers() {
	t := c.Host.bed.t
	t.Helper()
	text, err := os.ReadFile(c.path("config.toml"))
	if err != nil {
		t.Fatalf("testbed: %v", err)
	}
	section := []byte("[plugins.\"io.containerd.cri.v1.images\"]\n")
	text = bytes.Replace(text, section, append(section, "  discard_unpacked_layers = true\n"...), 1)
	if err := os.WriteFile(c.path("config.toml"), text, 0o644); err != nil {
		t.Fatalf("testbed: %v", err)
	}
	c.Stop()
	c.Start()
}

// Unpacked tells whether a container can start from the image at once.
func (c *Containerd) Unpacked(ref string) bool {
	c.Host.bed.t.Helper()
	fields := strings.Fields(c.mustCtr("images", "check", "name=="+ref))
	return len(fields) > 0 && fields[len(fields)-1] == "true"
}

// Forget takes away what keeps unpacked layers from garbage collection, of all
// images, and has containerd collect.
func (c *Containerd) Forget() {
	c.Host.bed.t.Helper()
	c.mustCtr("content", "prune", "references")
}
