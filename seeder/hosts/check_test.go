package hosts

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCheckNamesWhatIsWrong(t *testing.T) {
	install := func(registries ...string) func(*testing.T, string) {
		return func(t *testing.T, root string) {
			_, err := Install(settings(root, registries...))
			must(t, err)
		}
	}
	for name, c := range map[string]struct {
		do   func(*testing.T, string)
		want string
	}{
		"nothing is installed": {func(*testing.T, string) {}, "it is missing"},
		"a folder came later": {func(t *testing.T, root string) {
			install(Default)(t, root)
			must(t, os.Mkdir(filepath.Join(root, "new.test"), 0o755))
		}, "_default does not count for it"},
		"a certificate came later": {func(t *testing.T, root string) {
			must(t, os.Mkdir(filepath.Join(root, "new.test"), 0o755))
			install(Default)(t, root)
			must(t, os.Symlink("/nowhere/a.key", filepath.Join(root, "new.test", "a.crt")))
		}, "out of date"},
	} {
		t.Run(name, func(t *testing.T) {
			root := plant(t, files{})
			c.do(t, root)
			was := snapshot(t, root)
			results, err := Check(settings(root))
			must(t, err)
			if !slices.ContainsFunc(results, func(r Result) bool { return strings.Contains(r.Problem, c.want) }) {
				t.Errorf("got %v, want %q", results, c.want)
			}
			if snapshot(t, root) != was {
				t.Error("check has changed something")
			}
		})
	}
}

func TestCheckNamesRegistriesThatShouldNotHaveTheMirror(t *testing.T) {
	root := plant(t, nil)
	_, err := Install(settings(root, "a.test", "b.test"))
	must(t, err)
	results, err := Check(settings(root, "a.test"))
	if err != nil || len(results) != 2 || results[0].Problem != "" || !strings.Contains(results[1].Problem, "should not") {
		t.Errorf("got %v, %v", results, err)
	}
}
