package hosts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzRemoveUndoesInstall(f *testing.F) {
	for _, what := range before {
		for _, text := range what {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		rest, _, has, err := cut(text)
		if err != nil || has {
			return
		}
		merged, err := insert(rest, mirror, undo{file: true, above: 2})
		if err != nil || merged == rest {
			return
		}
		o, err := parseOutline(merged)
		if err != nil || len(o.hosts) == 0 || o.hosts[0] != mirror {
			t.Fatalf("%q became %q, with hosts %v (%v)", text, merged, o.hosts, err)
		}
		back, _, _, err := cut(merged)
		if err != nil || back != text {
			t.Fatalf("%q became %q and then %q (%v)", text, merged, back, err)
		}
	})
}

func FuzzContainerdReadsWhatIsInstalled(f *testing.F) {
	for _, what := range before {
		for _, text := range what {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		root := plant(t, files{"a.test/x": ""})
		must(t, os.WriteFile(filepath.Join(root, "a.test", fileName), []byte(text), 0o600))
		was := snapshot(t, root)
		if _, err := Install(settings(root, "a.test")); err != nil {
			if is := snapshot(t, root); is != was {
				t.Fatalf("failed with %v, and is:\n%s\nwas:\n%s", err, is, was)
			}
			return
		}
		if is := asked(t, root, "a.test"); is[0] != mirror+"/v2" && !strings.Contains(is[0], errUnusable.Error()) {
			t.Fatalf("for %q, containerd asks %v", text, is)
		}
		if strings.Contains(text, beginMark) {
			return
		}
		if _, err := Remove(root); err != nil {
			t.Fatal(err)
		}
		if is := snapshot(t, root); is != was {
			t.Fatalf("is:\n%s\nwas:\n%s", is, was)
		}
	})
}
