package testbed

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// Pull pulls an image with ctr, for this machine's platform, and unpacks it.
// The error holds what ctr has said.
func (c *Containerd) Pull(ctx context.Context, ref string) error {
	cmd := exec.CommandContext(ctx, Tool("ctr"), c.ctrArgs("images", "pull", "--hosts-dir", c.path("certs.d"), ref)...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: ctr images pull %s: %w: %s", c.Host.Name, ref, err, lastLine(out))
	}
	return nil
}

// Fetch gets all that Pull gets and unpacks nothing: the image may have more
// layers than a file system can stack.
func (c *Containerd) Fetch(ctx context.Context, ref string) error {
	// This command makes the requests itself, rather than containerd.
	p := c.Host.Start("fetch", Tool("ctr"), c.ctrArgs("content", "fetch", "--hosts-dir", c.path("certs.d"), ref)...)
	select {
	case <-p.Ended():
	case <-ctx.Done():
		p.Kill()
	}
	if !p.cmd.ProcessState.Success() {
		return fmt.Errorf("%s: ctr content fetch %s: %s: %s", c.Host.Name, ref, p.fate(), p.Tail(1))
	}
	return nil
}

// PullCRI pulls an image as the kubelet does.
func (c *Containerd) PullCRI(ctx context.Context, ref string) error {
	return c.images(func(s cri.ImageServiceClient) error {
		_, err := s.PullImage(ctx, &cri.PullImageRequest{Image: &cri.ImageSpec{Image: ref}})
		return err
	})
}

// HasCRI tells whether CRI's image service knows the image.
func (c *Containerd) HasCRI(ctx context.Context, ref string) (has bool, err error) {
	err = c.images(func(s cri.ImageServiceClient) error {
		r, err := s.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: ref}})
		has = r.GetImage() != nil
		return err
	})
	return has, err
}

func (c *Containerd) images(f func(cri.ImageServiceClient) error) error {
	conn, err := grpc.NewClient("unix://"+c.Socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := f(cri.NewImageServiceClient(conn)); err != nil {
		return fmt.Errorf("%s: CRI: %w", c.Host.Name, err)
	}
	return nil
}

// Has tells whether ctr lists the image.
func (c *Containerd) Has(ref string) bool {
	c.Host.bed.t.Helper()
	return strings.Contains(c.mustCtr("images", "ls", "-q", "name=="+ref), ref)
}

// Remove deletes an image as the kubelet does, and waits until its content is
// collected. CRI keeps a second name for every image, "sha256:<config>", and
// learns of a new one a little later: deleting the first name alone frees
// nothing.
func (c *Containerd) Remove(ref string) {
	bed := c.Host.bed
	bed.t.Helper()
	bed.Eventually(10*time.Second, "CRI knows "+ref, func() bool {
		has, err := c.HasCRI(bed.t.Context(), ref)
		return has && err == nil
	})
	err := c.images(func(s cri.ImageServiceClient) error {
		_, err := s.RemoveImage(bed.t.Context(), &cri.RemoveImageRequest{Image: &cri.ImageSpec{Image: ref}})
		return err
	})
	if err != nil {
		bed.t.Fatalf("testbed: %v", err)
	}
	c.mustCtr("content", "prune", "references")
}

// Blobs are the digests in the content store.
func (c *Containerd) Blobs() []string {
	c.Host.bed.t.Helper()
	return strings.Fields(c.mustCtr("content", "ls", "-q"))
}

// Check reads all parts of the image from the content store's files and
// compares their digests.
func (c *Containerd) Check(img *imagekit.Image) error {
	var wrong []error
	for _, p := range img.Parts {
		if err := checkBlob(c.BlobPath(p), p); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %s %s: %w", c.Host.Name, p.Kind, p.Digest, err))
		}
	}
	return errors.Join(wrong...)
}

// BlobPath is the file of a blob, there or not.
func (c *Containerd) BlobPath(p imagekit.Part) string {
	return filepath.Join(c.ContentPath, "blobs", "sha256", p.Digest.Encoded())
}

func checkBlob(path string, p imagekit.Part) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := fmt.Sprintf("%x", h.Sum(nil)); got != p.Digest.Encoded() {
		return fmt.Errorf("its bytes have digest %s", got)
	}
	return nil
}

// mustCtr runs ctr, which must succeed.
func (c *Containerd) mustCtr(args ...string) string {
	c.Host.bed.t.Helper()
	out, err := c.ctr(args...)
	if err != nil {
		c.Host.bed.t.Fatalf("testbed: %s: %v", c.Host.Name, err)
	}
	return out
}

func (c *Containerd) ctr(args ...string) (string, error) {
	return run("", "ctr", c.ctrArgs(args...)...)
}

func (c *Containerd) ctrArgs(args ...string) []string {
	return append([]string{"--address", c.Socket, "--namespace", "k8s.io", "--connect-timeout", "2s"}, args...)
}

func lastLine(out []byte) string {
	s := strings.TrimSpace(string(out))
	return s[strings.LastIndex(s, "\n")+1:]
}
