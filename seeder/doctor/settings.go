package doctor

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// settings are what matters here of containerd's configuration, whatever
// version it is written in.
type settings struct {
	full        bool   // containerd's own defaults are among them
	plugin      string // that has the registries, as it is called in this version
	served      bool   // the CRI plugins are not disabled
	root        string
	configPath  string
	inline      bool // registries are configured in place, the old way
	discard     bool
	local       bool // use_local_image_pull
	snapshotter string
}

// The plugin of CRI's images, since configuration version 3 and before.
const (
	imagesPlugin = "io.containerd.cri.v1.images"
	criPlugin    = "io.containerd.grpc.v1.cri"
)

// tomlCRI has the fields of both plugins. What is below Containerd was there
// before version 3.
type tomlCRI struct {
	Snapshotter string `toml:"snapshotter"`
	Discard     bool   `toml:"discard_unpacked_layers"`
	Local       bool   `toml:"use_local_image_pull"`
	Registry    struct {
		ConfigPath string         `toml:"config_path"`
		Mirrors    map[string]any `toml:"mirrors"`
		Configs    map[string]any `toml:"configs"`
	} `toml:"registry"`
	Containerd struct {
		Snapshotter string `toml:"snapshotter"`
		Discard     bool   `toml:"discard_unpacked_layers"`
	} `toml:"containerd"`
}

// parseSettings reads a complete configuration, as "containerd config dump"
// prints it. Other plugins have fields of the same names and other types, so
// only the two that matter are decoded.
func parseSettings(doc []byte) (*settings, error) {
	var outer struct {
		Root     string         `toml:"root"`
		Disabled []string       `toml:"disabled_plugins"`
		Plugins  map[string]any `toml:"plugins"`
	}
	if err := toml.Unmarshal(doc, &outer); err != nil {
		return nil, fmt.Errorf("containerd's configuration: %w", err)
	}
	s := &settings{plugin: imagesPlugin, served: true, root: outer.Root}
	if _, modern := outer.Plugins[imagesPlugin]; !modern && outer.Plugins[criPlugin] != nil {
		s.plugin = criPlugin
	}
	for _, name := range outer.Disabled {
		if name == "cri" || name == imagesPlugin || name == criPlugin {
			s.served = false
		}
	}
	cri, err := decode(outer.Plugins[s.plugin])
	if err != nil {
		return nil, err
	}
	s.configPath = cri.Registry.ConfigPath
	s.inline = len(cri.Registry.Mirrors)+len(cri.Registry.Configs) > 0
	s.discard = cri.Discard || cri.Containerd.Discard
	s.local = cri.Local
	s.snapshotter = cri.Snapshotter + cri.Containerd.Snapshotter
	return s, nil
}

// decode gives a part of a document its type.
func decode(part any) (cri tomlCRI, err error) {
	if part == nil {
		return cri, nil
	}
	doc, err := toml.Marshal(part)
	if err == nil {
		err = toml.Unmarshal(doc, &cri)
	}
	if err != nil {
		return cri, fmt.Errorf("containerd's configuration of CRI: %w", err)
	}
	return cri, nil
}

// folders are those of config_path.
func (s *settings) folders() []string {
	return strings.FieldsFunc(s.configPath, func(r rune) bool { return r == ':' })
}

// toml is how to write a setting down; section is below the plugin.
func (s *settings) toml(section, line string) string {
	return fmt.Sprintf("[plugins.%q%s]\n  %s", s.plugin, section, line)
}
