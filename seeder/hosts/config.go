package hosts

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Default is the folder for the registries that have none of their own.
const Default = "_default"

// Config is what the commands are told. Fields are documented for operators.
type Config struct {
	// Path is the folder that config_path names in containerd's
	// configuration. It must be one folder, not two with a colon.
	Path string `mapstructure:"path" usage:"folder of containerd's registry configuration, its config_path"`
	// Mirror is the URL of this node's mirror. It is plain HTTP, and on
	// loopback: nobody else shall hear or answer for it.
	Mirror string `mapstructure:"mirror" usage:"URL of this node's mirror"`
	// Registries are pulled through the mirror: names as in image references,
	// like docker.io or registry.example:5000. "_default" stands for all,
	// those included that have a folder of their own, since for them
	// containerd does not look into _default.
	Registries []string `mapstructure:"registries" usage:"registries to pull through the mirror, or _default for all"`
}

// DefaultConfig is for a machine where containerd and the seeder have their
// usual places.
func DefaultConfig() Config {
	return Config{
		Path:       "/etc/containerd/certs.d",
		Mirror:     "http://127.0.0.1:5001",
		Registries: []string{Default},
	}
}

func (c Config) check() error {
	if err := checkPath(c.Path); err != nil {
		return err
	}
	if len(c.Registries) == 0 {
		return errors.New("registries: none given")
	}
	for _, r := range c.Registries {
		if r == "" || strings.HasPrefix(r, ".") || strings.ContainsAny(r, "/\\ \t\r\n") {
			return fmt.Errorf("registry %q: want a name as in image references, like docker.io", r)
		}
	}
	return checkMirror(c.Mirror)
}

func checkPath(path string) error {
	if path == "" {
		return errors.New("path is empty")
	}
	if strings.Contains(path, ":") {
		return fmt.Errorf("path %q: want one folder, without a colon", path)
	}
	return nil
}

func checkMirror(mirror string) error {
	u, err := url.Parse(mirror)
	if err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	if u.Scheme != "http" || u.Port() == "" || u.Scheme+"://"+u.Host != mirror || !loopback(u.Hostname()) {
		return fmt.Errorf("mirror %q: want http://, a loopback address and a port, like http://127.0.0.1:5001", mirror)
	}
	return nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
