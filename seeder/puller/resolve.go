package puller

import (
	"context"
	"fmt"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/errdefs"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// resolvers give the two ways to a registry: by the mirror, and without it.
func (p *Puller) resolvers(r Request) (mirrored, direct remotes.Resolver) {
	h := &hosts{
		mirror:    p.cfg.Mirror(),
		upstreams: p.cfg.Upstreams,
		plainHTTP: r.PlainHTTP,
		header:    r.Header,
		login:     r.Login,
		toMirror:  p.toMirror,
		toOrigin:  p.toOrigin,
	}
	return docker.NewResolver(docker.ResolverOptions{Hosts: h.mirrored}),
		docker.NewResolver(docker.ResolverOptions{Hosts: h.direct})
}

// resolve asks the registry alone when all else fails: what came of the other
// way hides behind the mirror's miss.
func resolve(ctx context.Context, name string, mirrored, direct remotes.Resolver) (ocispec.Descriptor, error) {
	_, root, err := mirrored.Resolve(ctx, name)
	if err != nil && ctx.Err() == nil {
		_, root, err = direct.Resolve(ctx, name)
	}
	if err == nil && isLeaf(root) {
		err = fmt.Errorf("%s is no image but %q", name, root.MediaType)
	}
	return root, err
}

// record makes the name stand for what was pulled. CRI is told by containerd's
// event, and adds its own label and the image's ID itself: a label set here
// would make it think that it has done so.
func record(ctx context.Context, store images.Store, img images.Image) (images.Image, error) {
	for {
		created, err := store.Create(ctx, img)
		if !errdefs.IsAlreadyExists(err) {
			return created, err
		}
		updated, err := store.Update(ctx, img, "target")
		if !errdefs.IsNotFound(err) { // deleted between the two: create it after all
			return updated, err
		}
	}
}
