package hosts

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestOneBadFileIsNamedAndTheOthersAreInstalled(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"broken TOML":              {"server = [", "not TOML"},
		"an unknown capability":    {"capabilities = [\"fly\"]", "unknown capability"},
		"hosts that are no tables": {"host = 1\n", "containerd can't read it"},
		"a mark without an end":    {"# Dray: begin\n", "damaged"},
		"two blocks":               {block("", undo{}) + block("", undo{}), "damaged"},
		"the mirror as second":     {"[host.\"https://a.test\"]\n[host.\"" + mirror + "\"]\n", "does not ask " + mirror + " first"},
		"the mirror not for tags":  {"[host.\"" + mirror + "\"]\ncapabilities = [\"pull\"]\n", "lacks one"},
		"a link to nowhere":        {"-> nowhere", "link to nowhere"},
		"a large file":             {strings.Repeat("#", maxFile+1), "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			root := plant(t, files{"bad.test/hosts.toml": c.text, "good.test/": ""})
			was := snapshot(t, filepath.Join(root, "bad.test", fileName))
			_, err := Install(settings(root))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "bad.test") {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if is := snapshot(t, filepath.Join(root, "bad.test", fileName)); is != was {
				t.Errorf("the bad file is:\n%s\nwas:\n%s", is, was)
			}
			if is := asked(t, root, "good.test"); is[0] != mirror+"/v2" {
				t.Errorf("for good.test, containerd asks %v", is)
			}
			if results, err := Check(settings(root)); err != nil || results[1].Problem == "" {
				t.Errorf("check: %v, %v", results, err)
			}
		})
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no path":                func(c *Config) { c.Path = "" },
		"two folders":            func(c *Config) { c.Path = "/etc/a:/etc/b" },
		"no registries":          func(c *Config) { c.Registries = nil },
		"a registry's path":      func(c *Config) { c.Registries = []string{"ghcr.io/owner"} },
		"a way out":              func(c *Config) { c.Registries = []string{".."} },
		"https":                  func(c *Config) { c.Mirror = "https://127.0.0.1:5001" },
		"another node":           func(c *Config) { c.Mirror = "http://10.0.0.1:5001" },
		"no port":                func(c *Config) { c.Mirror = "http://127.0.0.1" },
		"a path":                 func(c *Config) { c.Mirror = mirror + "/v2" },
		"a quote":                func(c *Config) { c.Mirror = "http://127.0.0.1:5001\"" },
		"no URL":                 func(c *Config) { c.Mirror = "127.0.0.1:5001" },
		"a name, not an address": func(c *Config) { c.Mirror = "http://mirror.test:5001" },
	} {
		t.Run(name, func(t *testing.T) {
			c := settings(t.TempDir())
			change(&c)
			if _, err := Install(c); err == nil {
				t.Error("install took it")
			}
			if _, err := Check(c); err == nil {
				t.Error("check took it")
			}
		})
	}
}
