package hosts

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const mirror = "http://127.0.0.1:5001"

// files are paths below config_path and their text; a path that ends in a slash
// is an empty folder, a text that begins with "-> " a link.
type files map[string]string

func plant(t *testing.T, what files) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "certs.d")
	if what == nil {
		return root
	}
	must(t, os.MkdirAll(root, 0o750))
	for _, name := range slices.Sorted(maps.Keys(what)) {
		path := filepath.Join(root, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o751))
		to, link := strings.CutPrefix(what[name], "-> ")
		switch {
		case strings.HasSuffix(name, "/"):
			must(t, os.MkdirAll(path, 0o711))
		case link:
			must(t, os.Symlink(to, path))
		default:
			must(t, os.WriteFile(path, []byte(what[name]), 0o640))
		}
	}
	return root
}

// snapshot is all that is there: names, modes, owners, links and text.
func snapshot(t *testing.T, root string) string {
	t.Helper()
	var s strings.Builder
	must(t, filepath.WalkDir(filepath.Dir(root), func(path string, _ fs.DirEntry, err error) error {
		must(t, err)
		info, err := os.Lstat(path)
		must(t, err)
		to, _ := os.Readlink(path)
		var text []byte
		if info.Mode().IsRegular() {
			text, err = os.ReadFile(path)
			must(t, err)
		}
		fmt.Fprintf(&s, "%s %s %s %q\n", info.Mode(), path, to, text)
		return nil
	}))
	return s.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func settings(root string, registries ...string) Config {
	if len(registries) == 0 {
		registries = []string{Default}
	}
	return Config{Path: root, Mirror: mirror, Registries: registries}
}

// asked are the URLs that containerd asks for a registry, in order.
func asked(t *testing.T, root, registry string) (urls []string) {
	t.Helper()
	dir, err := folderOf(root, registry)
	must(t, err)
	hosts, err := asks(dir)
	if err != nil {
		return []string{err.Error()}
	}
	for _, h := range hosts {
		urls = append(urls, h.Scheme+"://"+h.Host+h.Path)
	}
	return urls
}

var before = map[string]files{
	"no folder":             nil,
	"an empty folder":       {},
	"an empty registry":     {"docker.io/": ""},
	"an empty file":         {"docker.io/hosts.toml": ""},
	"a server":              {"docker.io/hosts.toml": "server = \"https://there.test\"\n"},
	"no newline at the end": {"docker.io/hosts.toml": "server = \"https://there.test\""},
	"other mirrors": {"docker.io/hosts.toml": `# kept by hand
server   =   "https://there.test"

# the basement
# is quick
[ host . "https://basement.test" ] # not for tags
  capabilities = [ "pull" ]
  [host."https://basement.test".header]
    x-key = ["1", "2"]
[host."https://attic.test"]`},
	"a comment first":                           {"docker.io/hosts.toml": "# top\n[host.\"https://a.test\"]\n"},
	"Windows' newlines":                         {"docker.io/hosts.toml": "server = \"https://a.test\"\r\n[host.\"https://b.test\"]\r\n"},
	"only a comment":                            {"docker.io/hosts.toml": "# nothing"},
	"a string of many lines":                    {"docker.io/hosts.toml": "server = \"https://a.test\"\nnote = \"\"\"\n# no\n[host.x]\n# comment\"\"\"\n[host.\"https://b.test\"]\n"},
	"what containerd calls broken certificates": {"docker.io/ca.crt": "no", "docker.io/a.cert": "no", "docker.io/a.key": "no", "docker.io/b.cert": "no"},
	"a missing certificate":                     {"docker.io/hosts.toml": "ca = \"not-here.pem\"\n"},
	"_default":                                  {"_default/hosts.toml": "[host.\"https://all.test\"]\n"},
	"_default and others":                       {"_default/hosts.toml": "[host.\"https://all.test\"]\n", "docker.io/": "", "ghcr.io/hosts.toml": "server = \"https://g.test\"\n"},
	"a folder that is a link":                   {"_default/hosts.toml": "server = \"https://a.test\"\n", "docker.io": "-> _default"},
	"a file that is a link":                     {"docker.io/hosts.toml": "-> ../.data/real", ".data/real": "server = \"https://a.test\"\n"},
	"a registry with a port":                    {"here.test:5000/": "", "there.test_5000_/hosts.toml": "server = \"http://there.test:5000\"\n"},
	"a stray file":                              {"README": "hello", "docker.io/": ""},
}
