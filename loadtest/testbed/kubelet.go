package testbed

import (
	"fmt"
	"slices"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// Listed are the images that CRI knows, by name, and whether each is pinned for
// it.
func (c *Containerd) Listed() map[string]bool {
	c.Host.bed.t.Helper()
	all := map[string]bool{}
	for _, i := range c.listed() {
		for _, name := range i.GetRepoTags() {
			all[name] = i.GetPinned()
		}
	}
	return all
}

// CollectImages does what the kubelet does when its disk is full: it removes
// each image that CRI does not call pinned, since no container runs here, and
// then waits until containerd has collected what that has left.
func (c *Containerd) CollectImages() {
	t := c.Host.bed.t
	t.Helper()
	for _, i := range c.listed() {
		if i.GetPinned() {
			continue
		}
		err := c.images(func(s cri.ImageServiceClient) error {
			_, err := s.RemoveImage(t.Context(), &cri.RemoveImageRequest{Image: &cri.ImageSpec{Image: i.GetId()}})
			return err
		})
		if err != nil {
			t.Fatalf("testbed: %v", fmt.Errorf("remove %v: %w", i.GetRepoTags(), err))
		}
	}
	c.Collect()
}

// Collect has containerd collect its garbage, to the end: it does when a lease is
// deleted by somebody who waits.
func (c *Containerd) Collect() {
	c.Host.bed.t.Helper()
	const lease = "collect"
	c.mustCtr("leases", "create", "--id", lease)
	c.mustCtr("leases", "delete", "--sync", lease)
}

func (c *Containerd) listed() (all []*cri.Image) {
	t := c.Host.bed.t
	t.Helper()
	err := c.images(func(s cri.ImageServiceClient) error {
		r, err := s.ListImages(t.Context(), &cri.ListImagesRequest{})
		all = slices.Clone(r.GetImages())
		return err
	})
	if err != nil {
		t.Fatalf("testbed: %v", err)
	}
	return all
}
