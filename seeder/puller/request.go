package puller

import (
	"errors"
	"fmt"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
)

// AllPlatforms as a request's platform keeps the images of all of them.
const AllPlatforms = "all"

// Request says what to pull.
type Request struct {
	// Image is a name as people write it, "redis:7" or
	// "registry.example/app@sha256:…".
	Image string `json:"image"`
	// Platform is one like "linux/arm64", or [AllPlatforms]. Empty means
	// the platform of this machine.
	Platform string `json:"platform,omitempty"`
	// PlainHTTP says that the registry speaks no TLS. One on loopback is
	// always asked without.
	PlainHTTP bool `json:"plain_http,omitempty"`
}

// Validate says what is wrong with the request, if anything.
func (r Request) Validate() error {
	_, nameErr := r.name()
	_, platformErr := r.selection()
	return errors.Join(nameErr, platformErr)
}

// name is the full one, as containerd stores it.
func (r Request) name() (string, error) {
	ref, err := reference.ParseDockerRef(r.Image)
	if err != nil {
		return "", fmt.Errorf("image %q: %w", r.Image, err)
	}
	return ref.String(), nil
}

// selection is which of an index's manifests to keep, the best ones first.
type selection struct {
	match platforms.MatchComparer
	limit int // of manifests; 0 for no limit
}

func (r Request) selection() (selection, error) {
	switch r.Platform {
	case "":
		return selection{platforms.Default(), 1}, nil
	case AllPlatforms:
		return selection{platforms.All, 0}, nil
	}
	p, err := platforms.Parse(r.Platform)
	if err != nil {
		return selection{}, fmt.Errorf("platform %q: %w", r.Platform, err)
	}
	return selection{platforms.Only(p), 1}, nil
}
