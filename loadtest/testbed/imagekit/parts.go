package imagekit

import (
	"bytes"
	"io"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/opencontainers/go-digest"
)

// described is what index and manifests have in common.
type described interface {
	Digest() (v1.Hash, error)
	MediaType() (types.MediaType, error)
	RawManifest() ([]byte, error)
}

// addImage files one platform's manifest, config and layers.
func (img *Image) addImage(m v1.Image, layers []*layer, native bool) error {
	if _, err := img.addDoc("manifest", m, native); err != nil {
		return err
	}
	config, err := m.RawConfigFile()
	if err != nil {
		return err
	}
	h, err := m.ConfigName()
	if err != nil {
		return err
	}
	img.addBlob("config", h, blob{int64(len(config)), func() (io.ReadCloser, error) {
		return nopCloser{bytes.NewReader(config)}, nil
	}}, native)
	for _, l := range layers {
		img.addBlob("layer", l.BlobDigest, blob{l.BlobSize, l.Compressed}, native)
	}
	return nil
}

func (img *Image) addBlob(kind string, h v1.Hash, b blob, native bool) {
	img.blobs[h] = b
	if native {
		img.Parts = append(img.Parts, Part{kind, digest.Digest(h.String()), b.size})
	}
}

// addDoc files an index or a manifest. The index is known last and fetched
// first.
func (img *Image) addDoc(kind string, d described, native bool) (digest.Digest, error) {
	h, err := d.Digest()
	if err != nil {
		return "", err
	}
	mt, err := d.MediaType()
	if err != nil {
		return "", err
	}
	body, err := d.RawManifest()
	if err != nil {
		return "", err
	}
	img.docs[h] = doc{body, mt}
	if native {
		img.Parts = slices.Insert(img.Parts, 0, Part{kind, digest.Digest(h.String()), int64(len(body))})
	}
	return digest.Digest(h.String()), nil
}

// nopCloser keeps the Seek that io.NopCloser would hide.
type nopCloser struct{ io.ReadSeeker }

func (nopCloser) Close() error { return nil }
