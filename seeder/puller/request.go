package puller

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/containerd/platforms"
	"github.com/distribution/reference"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
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

	// The rest is for callers in this process.

	// Digest is what the image has to be; its name may have moved on. Empty
	// takes what the name stands for.
	Digest digest.Digest `json:"-"`
	// Platforms are several in place of one.
	Platforms []string `json:"-"`
	// Login is for the image's registry, and for nobody else: not for the
	// mirror, nor for where the registry redirects to.
	Login *Login `json:"-"`
	// Pace, when set, is called with each number of bytes that has come, and
	// holds the pull up for as long as it likes. An error ends the pull.
	Pace func(ctx context.Context, bytes int) error `json:"-"`
	// Header goes with the requests to the mirror.
	Header http.Header `json:"-"`
}

// Login is what a registry wants to know. Its text does not show it.
type Login struct {
	Username string
	Secret   string // a password, or without a username an identity token
}

// String hides the secret, from logs above all.
func (l *Login) String() string {
	if l == nil {
		return "nobody"
	}
	return "login"
}

// GoString does the same for %#v.
func (l *Login) GoString() string { return l.String() }

// of gives the login to the host that it is for. Registries that ask a server
// of their own for a token are asked by the name of the registry.
func (l *Login) of(registry string) func(host string) (string, string, error) {
	return func(host string) (string, string, error) {
		if l == nil || host != registry {
			return "", "", nil
		}
		return l.Username, l.Secret, nil
	}
}

// Validate says what is wrong with the request, if anything.
func (r Request) Validate() error {
	_, nameErr := r.name()
	_, platformErr := r.selection()
	var digestErr error
	if r.Digest != "" {
		digestErr = r.Digest.Validate()
	}
	return errors.Join(nameErr, platformErr, digestErr)
}

// source is what the registry is asked for: the name, or the digest under it.
func (r Request) source() (string, error) {
	ref, err := reference.ParseDockerRef(r.Image)
	if err != nil {
		return "", fmt.Errorf("image %q: %w", r.Image, err)
	}
	if r.Digest == "" {
		return ref.String(), nil
	}
	byDigest, err := reference.WithDigest(reference.TrimNamed(ref), r.Digest)
	if err != nil {
		return "", fmt.Errorf("image %q: %w", r.Image, err)
	}
	return byDigest.String(), nil
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
	if len(r.Platforms) > 0 {
		return several(r.Platforms)
	}
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

// several keeps the best manifest for each of them.
func several(texts []string) (selection, error) {
	if slices.Contains(texts, AllPlatforms) {
		return selection{platforms.All, 0}, nil
	}
	all := make([]ocispec.Platform, len(texts))
	for i, text := range texts {
		p, err := platforms.Parse(text)
		if err != nil {
			return selection{}, fmt.Errorf("platform %q: %w", text, err)
		}
		all[i] = p
	}
	return selection{platforms.Any(all...), len(all)}, nil
}
