package doctor

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

const (
	everyRegistry = "_default" // the folder for registries that have none of their own
	maxRegistries = 8          // that are pulled from
)

// survey reads the hosts.toml files below config_path: registries whose images
// the mirror is asked for, and what is wrong already on paper.
func survey(folder, mirrorAddr string) (registries []string, found []Result) {
	entries, err := os.ReadDir(folder)
	if err != nil { // perhaps it can't be seen from here: containerd will tell
		return []string{nowhere}, nil
	}
	var others []string
	for _, e := range entries {
		if !isFolder(filepath.Join(folder, e.Name())) {
			continue
		}
		names, err := hostsOf(filepath.Join(folder, e.Name(), "hosts.toml"), mirrorAddr)
		switch {
		case err != nil:
			found = append(found, badHosts(filepath.Join(folder, e.Name(), "hosts.toml"), err))
		case !names:
			others = append(others, e.Name())
		case e.Name() == everyRegistry:
			registries = append([]string{nowhere}, registries...)
		default:
			registries = append(registries, registryName(e.Name()))
		}
	}
	if len(registries) == 0 {
		return nil, append(found, noHosts(folder, mirrorAddr))
	}
	if registries[0] == nowhere {
		for _, name := range others {
			found = append(found, leftOut(folder, name, mirrorAddr))
		}
	}
	return registries[:min(len(registries), maxRegistries)], found
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir() && !strings.HasPrefix(filepath.Base(path), ".")
}

// hostsOf tells whether a hosts.toml names the mirror. No file is an empty one.
func hostsOf(file, mirrorAddr string) (names bool, err error) {
	doc, err := os.ReadFile(file)
	if err != nil {
		return false, nil
	}
	var hosts struct {
		Host map[string]any `toml:"host"`
	}
	if err := toml.Unmarshal(doc, &hosts); err != nil {
		return false, err
	}
	for name := range hosts.Host {
		if u, err := url.Parse(name); err == nil && slices.Contains([]string{u.Host, name}, mirrorAddr) {
			return true, nil
		}
	}
	return false, nil
}

func badHosts(file string, err error) Result {
	return fault(checkMirror, fmt.Sprintf("%s can't be parsed: %v", file, err),
		"containerd logs that and goes on without any mirror.", "mend the file, or remove it; containerd reads it at its next pull")
}

func noHosts(folder, mirrorAddr string) Result {
	return fault(checkMirror, fmt.Sprintf("no hosts.toml in %s names the mirror, http://%s", folder, mirrorAddr),
		"containerd pulls from registries as if there were no Dray.", installHosts(folder, mirrorAddr))
}

func leftOut(folder, name, mirrorAddr string) Result {
	return fault(checkMirror, fmt.Sprintf("%s has a folder of its own, which does not name the mirror", registryName(name)),
		"Where a registry has a folder, containerd ignores "+everyRegistry+": its images never come from neighbours.",
		installHosts(folder, mirrorAddr))
}

var portInName = regexp.MustCompile(`_(\d+)_$`)

// registryName undoes how containerd writes a port in a folder's name.
func registryName(folder string) string { return portInName.ReplaceAllString(folder, ":$1") }
