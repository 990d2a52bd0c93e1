// Package imagekit makes container images of any size for tests and
// demonstrations. They are real ones: an OCI index over linux/amd64 and
// linux/arm64, gzip layers that are valid tars of incompressible files, configs
// with the right diff IDs. The same [Spec] always gives the same digests.
//
// Layers are generated once and kept in a folder, so that the next run only
// opens them. Nothing here needs root or a network.
package imagekit

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"
)

// foreignLayer is the size of the layers of the platform that is not pulled.
const foreignLayer = 16 << 10

// Spec says what an image is made of.
type Spec struct {
	Seed uint64
	// Layers are the sizes of the layers' content in bytes. The blobs are
	// larger by the framing of tar and gzip, about 0.1 % and 2 KiB.
	//
	// They are the sizes for the platform of this machine; the image for
	// the other one has as many layers of 16 KiB.
	Layers []int64
}

// Part is one blob of an image.
type Part struct {
	Kind   string // index, manifest, config or layer
	Digest digest.Digest
	Size   int64 // bytes
}

// Image is an image that exists in memory and on disk, but in no registry yet.
type Image struct {
	Digest digest.Digest // of the index: what a tag points to
	// Parts is everything that a pull for this machine's platform fetches,
	// in that order.
	Parts []Part

	index v1.ImageIndex
	blobs map[v1.Hash]blob // configs and layers of all platforms
	docs  map[v1.Hash]doc  // index and manifests of all platforms
}

type blob struct {
	size int64
	open func() (io.ReadCloser, error)
}

type doc struct {
	body      []byte
	mediaType types.MediaType
}

// Build makes the image, or finds its layers in dir. Several processes may
// share dir at the same time.
func Build(dir string, s Spec) (*Image, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("image layers: %w", err)
	}
	img := &Image{index: mutate.IndexMediaType(empty.Index, types.OCIImageIndex), blobs: map[v1.Hash]blob{}, docs: map[v1.Hash]doc{}}
	for _, arch := range []string{"amd64", "arm64"} {
		if err := img.addPlatform(dir, s, arch); err != nil {
			return nil, fmt.Errorf("image for %s: %w", arch, err)
		}
	}
	d, err := img.addDoc("index", img.index, true)
	img.Digest = d
	return img, err
}

// Layers are the layers among the parts, in order.
func (img *Image) Layers() []Part {
	var layers []Part
	for _, p := range img.Parts {
		if p.Kind == "layer" {
			layers = append(layers, p)
		}
	}
	return layers
}

// Size is the sum of the parts in bytes: what one pull moves.
func (img *Image) Size() int64 {
	var n int64
	for _, p := range img.Parts {
		n += p.Size
	}
	return n
}

func (img *Image) addPlatform(dir string, s Spec, arch string) error {
	native := arch == runtime.GOARCH
	layers, err := s.layers(dir, arch, native)
	if err != nil {
		return err
	}
	m, err := platformImage(arch, layers)
	if err != nil {
		return err
	}
	if err := img.addImage(m, layers, native); err != nil {
		return err
	}
	img.index = mutate.AppendManifests(img.index, mutate.IndexAddendum{
		Add: m, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: arch}},
	})
	return nil
}

func (s Spec) layers(dir, arch string, native bool) ([]*layer, error) {
	layers := make([]*layer, len(s.Layers))
	for i, size := range s.Layers {
		if !native {
			size = foreignLayer
		}
		name := fmt.Sprintf("v1-%s-seed%d-layer%d-%d", arch, s.Seed, i, size)
		l, err := openLayer(filepath.Join(dir, name), size)
		if err != nil {
			return nil, err
		}
		layers[i] = l
	}
	return layers, nil
}

func platformImage(arch string, layers []*layer) (v1.Image, error) {
	base := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	base = mutate.ConfigMediaType(base, types.OCIConfigJSON)
	base, err := mutate.ConfigFile(base, &v1.ConfigFile{
		OS: "linux", Architecture: arch, Created: v1.Time{Time: epoch},
		RootFS: v1.RootFS{Type: "layers"}, Config: v1.Config{Cmd: []string{"/bin/true"}},
	})
	if err != nil {
		return nil, err
	}
	all := make([]mutate.Addendum, len(layers))
	for i, l := range layers {
		made := v1.History{Created: v1.Time{Time: epoch}, CreatedBy: filepath.Base(l.path)}
		all[i] = mutate.Addendum{Layer: l, History: made}
	}
	return mutate.Append(base, all...)
}

// epoch dates everything, so that digests don't depend on the day.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
