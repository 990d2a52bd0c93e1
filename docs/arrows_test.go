package docs

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/drayproject/dray/"

// arrows says what each package may import of this module. An entry that ends
// in "/..." stands for a package and all below it. map.md draws the same.
var arrows = map[string][]string{
	"shared/trackerapi": {},
	"shared/httpserver": {},
	"shared/process":    {},
	"shared/tracing":    {},

	"tracker/index":    {"shared/trackerapi"},
	"tracker/roster":   {"shared/trackerapi"},
	"tracker/probe":    {"tracker/roster"},
	"tracker/swarm":    {"shared/trackerapi", "tracker/index", "tracker/roster"},
	"tracker/api":      {"shared/trackerapi", "shared/httpserver", "tracker/index", "tracker/roster", "tracker/swarm"},
	"tracker/events":   {"shared/trackerapi", "tracker/roster"},
	"tracker/admin":    {"shared/trackerapi", "tracker/events", "tracker/index", "tracker/placement", "tracker/placer", "tracker/roster", "tracker/swarm"},
	"tracker/placer":   {"shared/trackerapi", "tracker/events", "tracker/index", "tracker/journal", "tracker/placement", "tracker/roster"},
	"tracker/admincmd": {"shared/process", "tracker/admin", "tracker/placement"},
	"tracker/web":      {},
	"tracker/app":      {"shared/...", "tracker/admin", "tracker/api", "tracker/events", "tracker/index", "tracker/probe", "tracker/roster", "tracker/swarm", "tracker/web", "tracker/scribe", "tracker/placement", "tracker/placer", "tracker/journal", "tracker/journal/redis"},

	"tracker/journal":       {"shared/trackerapi"},
	"tracker/placement":     {"shared/trackerapi"},
	"tracker/journal/redis": {"shared/trackerapi", "tracker/journal"},
	"tracker/scribe":        {"shared/trackerapi", "tracker/index", "tracker/roster", "tracker/journal"},

	"tracker": {"shared/process", "tracker/admincmd", "tracker/app"},

	"seeder/store":            {},
	"seeder/store/containerd": {"seeder/store"},
	"seeder/store/embedded":   {"seeder/store"},
	"seeder/transfers":        {},
	"seeder/inventory":        {"shared/trackerapi", "seeder/store"},
	"seeder/guard":            {"seeder/store"},
	"seeder/ingests":          {"shared/trackerapi", "seeder/store"},
	"seeder/announcer":        {"shared/trackerapi", "seeder/inventory"},
	"seeder/chain":            {"seeder/store"},
	"seeder/fetcher":          {"shared/trackerapi", "seeder/chain", "seeder/transfers"},
	"seeder/registry":         {"shared/trackerapi", "shared/httpserver", "seeder/chain", "seeder/store", "seeder/transfers", "seeder/fetcher"},
	"seeder/puller":           {"shared/httpserver", "seeder/store", "seeder/transfers"},
	"seeder/yield":            {},
	"seeder/worker":           {"shared/trackerapi", "seeder/puller", "seeder/store", "seeder/yield"},
	"seeder/app":              {"shared/...", "seeder/store/...", "seeder/transfers", "seeder/inventory", "seeder/guard", "seeder/chain", "seeder/ingests", "seeder/announcer", "seeder/fetcher", "seeder/registry", "seeder/puller", "seeder/doctor", "seeder/status", "seeder/worker", "seeder/yield"},
	"seeder/pullcmd":          {"seeder/puller"},
	"seeder/status":           {"shared/trackerapi", "seeder/transfers"},
	"seeder/statuscmd":        {"shared/trackerapi", "seeder/transfers", "seeder/status", "seeder/pullcmd"},
	"seeder/unpincmd":         {"shared/process", "seeder/store/..."},
	"seeder/kube":             {"shared/trackerapi"},
	"seeder/hosts":            {"shared/process"},
	"seeder/doctor":           {"shared/process", "shared/trackerapi", "seeder/announcer"},
	"seeder":                  {"shared/process", "seeder/app", "seeder/pullcmd", "seeder/statuscmd", "seeder/kube", "seeder/hosts", "seeder/doctor", "seeder/unpincmd"},

	"deploy/systemd":       {},
	"deploy/image":         {"shared/process", "deploy/image/archive"},
	"deploy/image/archive": {},
}

// doors says which packages alone may import a third party's.
var doors = map[string][]string{
	"github.com/containerd/containerd/v2/client":                     {"seeder/store/containerd"},
	"github.com/containerd/containerd/v2/cmd":                        {"seeder/doctor"},
	"github.com/containerd/containerd/api":                           {"seeder/store/containerd"},
	"github.com/containerd/containerd/v2/core/metadata":              {"seeder/store/embedded"},
	"github.com/containerd/containerd/v2/plugins":                    {"seeder/store/embedded"},
	"github.com/containerd/containerd/v2/core/remotes/docker/config": {"seeder/hosts"},
	"github.com/go-chi/chi":                                          {"tracker/api"},
	"github.com/danielgtaylor/huma":                                  {"tracker/admin"},
	"k8s.io/cri-api":                                                 {"seeder/doctor"},
	"github.com/redis/go-redis":                                      {"tracker/journal/redis"},
	"github.com/fsnotify/fsnotify":                                   {"seeder/store"},
	"go.opentelemetry.io/otel":                                       {"shared/tracing"},
	"github.com/spf13/viper":                                         {"shared/process"},
	"github.com/RoaringBitmap/roaring":                               {"tracker/index"},
}

type pkg struct {
	ImportPath string
	Name       string
	Doc        string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Name,Doc,Imports", "../...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func matches(pattern, path string) bool {
	if root, ok := strings.CutSuffix(pattern, "/..."); ok {
		return path == root || strings.HasPrefix(path, root+"/")
	}
	return path == pattern
}

func TestImportsFollowTheArrows(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			checkDoor(t, from, imported)
			if to, ours := strings.CutPrefix(imported, module); ours {
				checkArrow(t, from, to)
			}
		}
	}
}

func checkArrow(t *testing.T, from, to string) {
	t.Helper()
	if strings.HasPrefix(from, "loadtest") || isTestHelper(from) {
		return // they hold the whole thing together from outside, and nothing imports them
	}
	allowed, known := arrows[from]
	if !known {
		t.Errorf("%s is not on the map: add it to arrows, and to map.md", from)
		return
	}
	if !slices.ContainsFunc(allowed, func(a string) bool { return matches(a, to) }) {
		t.Errorf("%s must not import %s", from, to)
	}
}

func checkDoor(t *testing.T, from, imported string) {
	t.Helper()
	if isTestHelper(from) || strings.HasPrefix(from, "loadtest") {
		return
	}
	for party, allowed := range doors {
		if strings.HasPrefix(imported+"/", party+"/") && !slices.Contains(allowed, from) {
			t.Errorf("%s must not import %s: its door is %v", from, imported, allowed)
		}
	}
}

// isTestHelper: conformance suites and what they start, imported by tests only.
func isTestHelper(path string) bool {
	return strings.Contains(path, "storetest") || strings.Contains(path, "journaltest") || strings.Contains(path, "tracingtest")
}

func TestNothingButTestsImportsTestHelpers(t *testing.T) {
	for _, p := range packages(t) {
		from := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			to := strings.TrimPrefix(imported, module)
			if (isTestHelper(to) && !isTestHelper(from)) || (strings.HasPrefix(to, "loadtest") && !strings.HasPrefix(from, "loadtest")) {
				t.Errorf("%s must not import %s", from, to)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t) {
		if strings.TrimSpace(p.Doc) == "" {
			t.Errorf("%s has no doc comment", p.ImportPath)
		}
	}
}
