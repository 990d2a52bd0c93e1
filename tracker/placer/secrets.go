package placer

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/drayproject/dray/shared/trackerapi"
)

const maxSecret = 1 << 20 // bytes, as of a Secret of Kubernetes

// Secrets are credentials for registries: a folder with one folder for each
// secret, as Kubernetes mounts them, in which ".dockerconfigjson" is in the form
// of Docker's configuration. They are read when they are needed, and kept
// nowhere. Empty: there are none.
type Secrets string

var secretNames = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)

// CheckSecret refuses what can't be a secret's name.
func CheckSecret(name string) error {
	if !secretNames.MatchString(name) {
		return fmt.Errorf("pull secret %.80q: want lower-case letters, digits, dots and inner hyphens", name)
	}
	return nil
}

// Auth finds the credentials for an image's registry in a secret. An error names
// the secret and what is wrong with it, and has nothing of it.
func (s Secrets) Auth(name, image string) (*trackerapi.Auth, error) {
	if err := CheckSecret(name); err != nil {
		return nil, err
	}
	if s == "" {
		return nil, fmt.Errorf("pull secret %s: this tracker has none (pull-secrets-dir)", name)
	}
	text, err := readBounded(filepath.Join(string(s), name, ".dockerconfigjson"))
	if err != nil {
		return nil, fmt.Errorf("pull secret %s: %w", name, err)
	}
	var config dockerConfig
	if json.Unmarshal(text, &config) != nil { // whose error may quote it
		return nil, fmt.Errorf("pull secret %s: it is not a Docker configuration", name)
	}
	login, found := config.find(image)
	if !found {
		host, _, _ := strings.Cut(image, "/")
		return nil, fmt.Errorf("pull secret %s: it has nothing for %s", name, host)
	}
	return login.auth(name)
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("it is not there")
	}
	if err != nil {
		return nil, errors.New("it can't be read")
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil || len(text) > maxSecret {
		return nil, errors.New("it can't be read, or is too large")
	}
	return text, nil
}

// dockerConfig is the part of Docker's configuration with logins, by registry.
type dockerConfig struct {
	Auths map[string]login `json:"auths"`
}

type login struct {
	Username      string `json:"username"`
	Password      string `json:"password"`
	Auth          string `json:"auth"` // base64 of username:password
	IdentityToken string `json:"identitytoken"`
}

// find takes the entry that fits the image's name furthest, as the kubelet does.
func (c *dockerConfig) find(image string) (best login, found bool) {
	longest := -1
	for key, l := range c.Auths {
		if place := registryOf(key); covers(place, image) && len(place) > longest {
			best, longest, found = l, len(place), true
		}
	}
	return best, found
}

// covers says whether the place, host or host/path, is what the image begins with.
func covers(place, image string) bool {
	rest, begins := strings.CutPrefix(image, place)
	return begins && place != "" && (rest == "" || strings.ContainsAny(rest[:1], "/:@"))
}

// registryOf makes what image names begin with out of a configuration's key.
func registryOf(key string) string {
	key = strings.TrimPrefix(strings.TrimPrefix(key, "https://"), "http://")
	host, path, _ := strings.Cut(strings.TrimSuffix(key, "/"), "/")
	if path == "v1" || path == "v2" {
		path = ""
	}
	if host == "index.docker.io" || host == "registry-1.docker.io" {
		host = "docker.io"
	}
	return strings.TrimSuffix(host+"/"+path, "/")
}

func (l login) auth(name string) (*trackerapi.Auth, error) {
	switch {
	case l.IdentityToken != "":
		return &trackerapi.Auth{Username: l.Username, Token: l.IdentityToken}, nil
	case l.Username != "" || l.Password != "":
		return &trackerapi.Auth{Username: l.Username, Password: l.Password}, nil
	}
	text, err := base64.StdEncoding.DecodeString(l.Auth)
	user, password, both := strings.Cut(string(text), ":")
	if err != nil || !both {
		return nil, fmt.Errorf("pull secret %s: its login can't be read", name)
	}
	return &trackerapi.Auth{Username: user, Password: password}, nil
}
