package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheConfigurationFileIsReadWithItsImports(t *testing.T) {
	dir := t.TempDir()
	main := filepath.Join(dir, "config.toml")
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.toml", `version = 3
root = "/data"
imports = ["conf.d/*.toml"]
unheard-of = true
[plugins."io.containerd.cri.v1.images"]
  discard_unpacked_layers = true
`)
	write("conf.d/10-certs.toml", "version = 3\n[plugins.\"io.containerd.cri.v1.images\".registry]\nconfig_path = \"/a\"\n")
	write("conf.d/20-keep.toml", "version = 3\n[plugins.\"io.containerd.cri.v1.images\"]\ndiscard_unpacked_layers = false\n")
	c := Containerd{Address: filepath.Join(dir, "no.sock"), ConfigFile: main}
	s, from, err := readSettings(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if want := (settings{plugin: imagesPlugin, served: true, root: "/data", configPath: "/a"}); *s != want || !strings.HasPrefix(from, main) {
		t.Errorf("got %+v from %s; want %+v", *s, from, want)
	}

	write("config.toml", "version = 3\nimports = [\"/nowhere/else.toml\"]\n")
	if _, _, err := readSettings(t.Context(), c); err == nil || !strings.Contains(err.Error(), "/nowhere/else.toml") {
		t.Errorf("what is imported is out of sight: %v", err)
	}
}
