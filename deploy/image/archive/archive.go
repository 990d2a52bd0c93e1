package archive

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Image puts layers, as they are for one platform, under a configuration.
func Image(platform v1.Platform, config v1.Config, layers ...v1.Layer) (v1.Image, error) {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.ConfigFile(img, &v1.ConfigFile{
		OS: platform.OS, Architecture: platform.Architecture, Created: v1.Time{Time: epoch},
		Config: config, RootFS: v1.RootFS{Type: "layers"},
	})
	if err != nil {
		return nil, err
	}
	return mutate.AppendLayers(img, layers...)
}

// Write writes one image, which may be there for several platforms, to a file,
// to be loaded under the name ref. The file is both an OCI layout with all the
// platforms, and a Docker archive of the one that fits this machine, or else of
// the first: older versions of Docker know nothing of the former.
func Write(file, ref string, images ...v1.Image) error {
	if len(images) == 0 {
		return errors.New("archive: no image")
	}
	dir, err := os.MkdirTemp("", "dray-image-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := writeLayout(dir, ref, images); err != nil {
		return fmt.Errorf("archive %s: %w", ref, err)
	}
	if err := writeDockerManifest(filepath.Join(dir, "manifest.json"), ref, local(images)); err != nil {
		return fmt.Errorf("archive %s: %w", ref, err)
	}
	return pack(dir, file)
}

// writeLayout names the image as containerd looks for it, and as the OCI
// specification has it.
func writeLayout(dir, ref string, images []v1.Image) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, img := range images {
		config, err := img.ConfigFile()
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: config.Platform()}})
	}
	top, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return top.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"io.containerd.image.name":          ref,
		"org.opencontainers.image.ref.name": ref,
	}))
}

// local is the image for this machine's processor, or the first.
func local(images []v1.Image) v1.Image {
	for _, img := range images {
		if config, err := img.ConfigFile(); err == nil && config.Architecture == runtime.GOARCH {
			return img
		}
	}
	return images[0]
}

// writeDockerManifest points into the layout.
func writeDockerManifest(file, ref string, img v1.Image) error {
	m, err := img.Manifest()
	if err != nil {
		return err
	}
	entry := struct {
		Config   string
		RepoTags []string
		Layers   []string
	}{Config: blob(m.Config.Digest), RepoTags: []string{ref}}
	for _, l := range m.Layers {
		entry.Layers = append(entry.Layers, blob(l.Digest))
	}
	text, err := json.Marshal([]any{entry})
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

func blob(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }

// pack writes all files of a folder into a tar file that is there whole or not
// at all.
func pack(dir, file string) error {
	out, err := os.CreateTemp(filepath.Dir(file), ".image-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(out.Name()) }() // gone already when all went well
	tw := tar.NewWriter(out)
	err = errors.Join(addAll(tw, dir), tw.Close(), out.Chmod(0o644), out.Close())
	if err != nil {
		return err
	}
	return os.Rename(out.Name(), file)
}

func addAll(tw *tar.Writer, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return addFile(tw, filepath.ToSlash(name), path)
	})
}

func addFile(tw *tar.Writer, name, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: st.Size(), ModTime: epoch}); err != nil {
		return err
	}
	_, err = io.Copy(tw, f)
	return err
}
