package hosts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// inherited is what a new hosts.toml has to begin with, so that containerd goes
// on using what it uses without that file: the certificates in its folder or,
// where there is no folder, what _default says.
func (f folder) inherited(root string) (string, error) {
	if f.exists {
		return certificates(f.dir, "")
	}
	fallback := filepath.Join(root, Default)
	if f.dir == fallback {
		return "", nil
	}
	return inheritDefault(fallback)
}

// inheritDefault copies what _default says. Its relative paths would lead
// elsewhere from a copy; the settings that hold them are few, and their forms
// many, so that a person has to do it.
func inheritDefault(dir string) (string, error) {
	d, err := openFolder(dir)
	if err != nil {
		return "", err
	}
	text, _, _, err := cut(d.text)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", d.file, err)
	case text == "":
		return certificates(dir, "../"+Default)
	case namesRelativePaths(text):
		return "", fmt.Errorf("%s names files by relative paths and can't be copied: make them absolute, or give the registry a hosts.toml", d.file)
	}
	return text, nil
}

// certificates says in TOML which files containerd takes from a folder without
// a hosts.toml, as Docker does: *.crt are authorities, *.cert are the client's,
// with the key beside it or inside. prefix leads from the file to the folder.
func certificates(dir, prefix string) (string, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	var cas, clients []string
	for _, f := range files {
		name := f.Name()
		switch base, isClient := strings.CutSuffix(name, ".cert"); {
		case f.IsDir():
		case strings.HasSuffix(name, ".crt"):
			cas = append(cas, quote(prefix, name))
		case isClient && exists(filepath.Join(dir, base+".key")):
			clients = append(clients, "["+quote(prefix, name)+", "+quote(prefix, base+".key")+"]")
		case isClient:
			clients = append(clients, quote(prefix, name))
		}
	}
	return list("ca", cas) + list("client", clients), nil
}

// quote writes a path in JSON, whose strings are strings in TOML.
func quote(prefix, name string) string {
	quoted, _ := json.Marshal(filepath.Join(prefix, name))
	return string(quoted)
}

func list(key string, values []string) string {
	if len(values) == 0 {
		return ""
	}
	return key + " = [" + strings.Join(values, ", ") + "]\n"
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// namesRelativePaths looks at the certificates, of the registry and of all hosts.
func namesRelativePaths(text string) bool {
	type certs struct{ CA, Client any }
	var f struct {
		certs
		Host map[string]certs
	}
	if toml.Unmarshal([]byte(text), &f) != nil {
		return false // insert will say why
	}
	for _, host := range f.Host {
		if relative(host.CA) || relative(host.Client) {
			return true
		}
	}
	return relative(f.CA) || relative(f.Client)
}

// relative takes a path, or lists of paths, as deep as they may be.
func relative(paths any) bool {
	switch p := paths.(type) {
	case string:
		return !filepath.IsAbs(p)
	case []any:
		return slices.ContainsFunc(p, relative)
	}
	return false
}
