package doctor

import (
	"fmt"
	"slices"
	"strings"
)

const restart = "\nin containerd's configuration, then: systemctl restart containerd"

// lazy are snapshotters that mount layers without getting them.
var lazy = []string{"stargz", "nydus", "soci", "overlaybd", "cvmfs"}

// judge says what containerd's settings do to a node.
func judge(s *settings) []Result {
	return []Result{judgeConfigPath(s), judgeDiscard(s), judgePullService(s), judgeSnapshotter(s)}
}

func judgeConfigPath(s *settings) Result {
	const why = "containerd reads hosts.toml, where it learns of its mirror, from the folder config_path. Without it every pull goes to the registry."
	fix := "write\n" + indent(s.toml(".registry", `config_path = "/etc/containerd/certs.d"`), "  ") + restart
	switch folders := s.folders(); {
	case !s.served:
		return fault(checkConfigPath, "the CRI plugin is disabled", "Kubernetes pulls through it.",
			`take "cri" out of disabled_plugins`+restart)
	case s.inline:
		return fault(checkConfigPath, "registries are configured in place, by registry.mirrors or registry.configs", why,
			"move them into hosts.toml files, take them out, and "+fix)
	case len(folders) == 0:
		return fault(checkConfigPath, "config_path is not set", why, fix)
	case len(folders) > 1 && !s.local:
		return fault(checkConfigPath, fmt.Sprintf("config_path is a list, %q", s.configPath),
			"The transfer service, which pulls for CRI since containerd 2.1, takes the whole list as the name of one folder, and finds no hosts.toml.",
			strings.ReplaceAll(fix, "/etc/containerd/certs.d", folders[0]))
	}
	return ok(checkConfigPath, "%s", s.configPath)
}

func judgeDiscard(s *settings) Result {
	if !s.discard {
		return ok(checkDiscard, "layers are kept after they are unpacked")
	}
	section := ""
	if s.plugin == criPlugin {
		section = ".containerd"
	}
	return fault(checkDiscard, "discard_unpacked_layers is on",
		"containerd drops a layer once it is unpacked: this node has nothing to give to its neighbours.",
		"write\n"+indent(s.toml(section, "discard_unpacked_layers = false"), "  ")+restart)
}

func judgePullService(s *settings) Result {
	if s.local || s.full && s.plugin == criPlugin {
		return ok(checkPullService, "CRI pulls by itself")
	}
	return ok(checkPullService, "CRI pulls by the transfer service, unless other settings or an older containerd forbid it")
}

func judgeSnapshotter(s *settings) Result {
	name := s.snapshotter
	if name == "" {
		name = "overlayfs"
	}
	if slices.ContainsFunc(lazy, func(l string) bool { return strings.Contains(name, l) }) {
		section := ""
		if s.plugin == criPlugin {
			section = ".containerd"
		}
		return fault(checkSnapshotter, fmt.Sprintf("the snapshotter %q gets layers piece by piece when they are read", name),
			"It asks registries itself, past the mirror, and containerd never has the whole layer: there is nothing to share.",
			"where images should come from neighbours, write\n"+indent(s.toml(section, `snapshotter = "overlayfs"`), "  ")+restart)
	}
	return ok(checkSnapshotter, "%s", name)
}

// judgeVersion knows what a containerd of this version lacks.
func judgeVersion(v string) Result {
	var major, minor, patch int
	_, err := fmt.Sscanf(strings.TrimPrefix(v, "v"), "%d.%d.%d", &major, &minor, &patch)
	if err != nil {
		return unknown(checkContainerd, fmt.Sprintf("containerd's version %q is none that is known", v), "")
	}
	have := [3]int{major, minor, patch}
	if slices.Compare(have[:], []int{2, 0, 7}) < 0 {
		return fault(checkContainerd, "containerd is "+v,
			"Before 2.0.7 it knows no dial_timeout: while the seeder is down, each request to it can cost a pull 30 s.",
			"upgrade containerd to 2.1 or later")
	}
	return ok(checkContainerd, "%s", v)
}
