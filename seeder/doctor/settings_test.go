package doctor

import (
	"strings"
	"testing"
)

func TestSettingsOfEveryVersionMeanTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		doc  string
		want settings
	}{
		"nothing": {``, settings{plugin: imagesPlugin, served: true}},
		"version 3": {`version = 3
root = "/data"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
  discard_unpacked_layers = true
  use_local_image_pull = true
  [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = '/a:/b'
[plugins.'io.containerd.other.v1.x']
  registry = 7
`, settings{plugin: imagesPlugin, served: true, root: "/data", configPath: "/a:/b", discard: true, local: true, snapshotter: "overlayfs"}},
		"version 2": {`version = 2
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "stargz"
  discard_unpacked_layers = true
[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]
  endpoint = ["https://m"]
`, settings{plugin: criPlugin, served: true, inline: true, discard: true, snapshotter: "stargz"}},
		"CRI is disabled": {`disabled_plugins = ["cri"]`, settings{plugin: imagesPlugin}},
		"version 3 beside CRI's own server": {`[plugins."io.containerd.grpc.v1.cri"]
disable_tcp_service = true
[plugins."io.containerd.cri.v1.images".registry]
config_path = "/a"
`, settings{plugin: imagesPlugin, served: true, configPath: "/a"}},
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := parseSettings([]byte(c.doc)); err != nil || *s != c.want {
				t.Errorf("got %+v, %v; want %+v", s, err, c.want)
			}
		})
	}
}

func TestSettingsThatCannotBeReadAreNamed(t *testing.T) {
	for _, doc := range []string{"[", "disabled_plugins = 3", "[plugins.'io.containerd.cri.v1.images']\nregistry = 7"} {
		if s, err := parseSettings([]byte(doc)); err == nil || !strings.Contains(err.Error(), "containerd's configuration") {
			t.Errorf("%q: %+v, %v", doc, s, err)
		}
	}
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte("[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/a:/b'"))
	f.Add([]byte("[plugins.'io.containerd.grpc.v1.cri'.registry.mirrors.x]"))
	f.Add([]byte("disabled_plugins = ['cri']"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		s, err := parseSettings(doc)
		if (s == nil) != (err != nil) {
			t.Fatalf("%+v and %v", s, err)
		}
		if s != nil {
			wellFormed(t, judge(s))
		}
	})
}

// wellFormed: a fault always says why it matters and what to do.
func wellFormed(t *testing.T, all []Result) {
	t.Helper()
	for _, r := range all {
		if r.Check == "" || r.What == "" || r.Status == Fault && (r.Why == "" || r.Fix == "") {
			t.Errorf("unfinished: %+v", r)
		}
	}
}
