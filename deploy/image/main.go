// Command image builds Dray's container images with nothing but Go: no engine,
// no base image, no network. It writes one archive for each, which `docker
// load` and `ctr images import` both read:
//
//	go run ./deploy/image --platforms linux/amd64,linux/arm64
//
// There is one image for each program, so that none carries what it has no use
// for, and the tracker can be another user than the seeder, who has to be root
// to speak to containerd. Besides the static program there are root
// certificates and the names of two users. No shell: `seeder healthcheck` is
// for engines that look from within.
//
// The Dockerfile beside this file builds the same images where there is Docker
// and no Go.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/drayproject/dray/deploy/image/archive"
	"github.com/drayproject/dray/shared/process"
)

type options struct {
	out        string
	registry   string
	tag        string
	platforms  []string
	containerd string
}

func main() {
	o := options{out: "bin/images", registry: "ghcr.io/drayproject/dray", tag: "dev", platforms: []string{native()}}
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Build the container images, without a container engine",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return o.build(cmd.Context()) },
	}
	cmd.Flags().StringVar(&o.out, "out", o.out, "folder for the archives")
	cmd.Flags().StringVar(&o.registry, "registry", o.registry, "registry and path that the images' names begin with")
	cmd.Flags().StringVar(&o.tag, "tag", o.tag, "tag of the images")
	cmd.Flags().StringSliceVar(&o.platforms, "platforms", o.platforms, "platforms to build for")
	cmd.Flags().StringVar(&o.containerd, "containerd", o.containerd, "folder with static containerd and ctr of this machine's platform, to make an image of them, too")
	os.Exit(process.Main(cmd))
}

func (o *options) build(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "dray-binaries-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	platforms, err := compile(ctx, dir, o.platforms)
	if err != nil {
		return err
	}
	for _, p := range programs {
		if err := o.write(p, platforms); err != nil {
			return err
		}
	}
	if o.containerd == "" {
		return nil
	}
	return o.write(containerd, []compiled{{platform: platform(native()), dir: o.containerd}})
}

func (o *options) write(p program, platforms []compiled) error {
	images := make([]v1.Image, len(platforms))
	for i, c := range platforms {
		img, err := p.image(c)
		if err != nil {
			return fmt.Errorf("image %s: %w", p.name, err)
		}
		images[i] = img
	}
	file, ref := filepath.Join(o.out, p.name+".tar"), fmt.Sprintf("%s/%s:%s", o.registry, p.name, o.tag)
	if err := archive.Write(file, ref, images...); err != nil {
		return err
	}
	fmt.Printf("%s  %s\n", file, ref)
	return nil
}
