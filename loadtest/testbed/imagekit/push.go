package imagekit

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Push uploads the image over plain HTTP to a registry that rt can reach, e.g.
// ref "10.77.0.1:5000/app:1". The whole of it: both platforms.
func (img *Image) Push(ctx context.Context, ref string, rt http.RoundTripper) error {
	tag, err := name.ParseReference(ref, name.Insecure)
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	err = remote.WriteIndex(tag, img.index, remote.WithContext(ctx), remote.WithTransport(rt), remote.WithJobs(2))
	if err != nil {
		return fmt.Errorf("push %s: %w", ref, err)
	}
	return nil
}
