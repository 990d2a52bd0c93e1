package hosts

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestRemoveRestoresWhatWasThereBeforeInstall(t *testing.T) {
	for name, what := range before {
		for _, registries := range [][]string{{Default}, {"docker.io", "new.test:5000"}} {
			t.Run(name+", "+strings.Join(registries, " and "), func(t *testing.T) {
				root := plant(t, what)
				c, was := settings(root, registries...), snapshot(t, root)
				changes, err := Install(c)
				must(t, err)
				if len(changes) == 0 {
					t.Error("nothing was installed")
				}
				once := snapshot(t, root)
				changes, err = Install(c)
				must(t, err)
				if twice := snapshot(t, root); len(changes) > 0 || once != twice {
					t.Errorf("installing again changed %v:\n%s\nwas:\n%s", changes, twice, once)
				}
				_, err = Remove(root)
				must(t, err)
				if is := snapshot(t, root); is != was {
					t.Errorf("is:\n%s\nwas:\n%s", is, was)
				}
				changes, err = Remove(root)
				if err != nil || len(changes) > 0 {
					t.Errorf("removing again: %v, %v", changes, err)
				}
			})
		}
	}
}

func TestContainerdAsksTheMirrorAndThenWhatItAskedBefore(t *testing.T) {
	for name, what := range before {
		for _, registries := range [][]string{{Default}, {"docker.io"}} {
			t.Run(name+", "+registries[0], func(t *testing.T) {
				root := plant(t, what)
				was := asked(t, root, "docker.io")
				c := settings(root, registries...)
				_, err := Install(c)
				must(t, err)
				is, want := asked(t, root, "docker.io"), append([]string{mirror + "/v2"}, was...)
				if strings.Contains(was[0], errUnusable.Error()) {
					want = was // and it says the same about the certificate
				} else {
					wantHealthy(t, c)
				}
				// Without a folder the host's name is a test's own.
				is, want = is[:len(is)-1], want[:len(want)-1]
				if !slices.Equal(is, want) {
					t.Errorf("containerd asks %v, want %v", is, want)
				}
			})
		}
	}
}

func wantHealthy(t *testing.T, c Config) {
	t.Helper()
	results, err := Check(c)
	must(t, err)
	for _, r := range results {
		if r.Problem != "" {
			t.Errorf("%s: %s", r.File, r.Problem)
		}
	}
}

func TestWhatOthersWriteInBetweenStays(t *testing.T) {
	root := plant(t, files{"docker.io/hosts.toml": "server = \"https://a.test\""})
	_, err := Install(settings(root))
	must(t, err)
	for _, registry := range []string{"docker.io", Default} {
		path := filepath.Join(root, registry, fileName)
		text, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(path, append(text, "[host.\"https://new.test\"]\n"...), 0o600))
	}
	_, err = Remove(root)
	must(t, err)
	for registry, want := range map[string]string{
		"docker.io": "server = \"https://a.test\"\n[host.\"https://new.test\"]\n",
		Default:     "[host.\"https://new.test\"]\n",
	} {
		if is, _ := os.ReadFile(filepath.Join(root, registry, fileName)); string(is) != want {
			t.Errorf("%s: got %q, want %q", registry, is, want)
		}
	}
}

func TestInstallFollowsItsSettings(t *testing.T) {
	root := plant(t, nil)
	was := snapshot(t, root)
	_, err := Install(settings(root))
	must(t, err)
	c := settings(root, "docker.io")
	c.Mirror = "http://127.0.0.1:6001"
	_, err = Install(c)
	must(t, err)
	if is := asked(t, root, "docker.io"); is[0] != c.Mirror+"/v2" {
		t.Errorf("containerd asks %v", is)
	}
	if exists(filepath.Join(root, Default)) {
		t.Error("_default is still there")
	}
	_, err = Remove(root)
	must(t, err)
	if is := snapshot(t, root); is != was {
		t.Errorf("is:\n%s\nwas:\n%s", is, was)
	}
}

func TestACertificateThatComesLaterIsTakenIn(t *testing.T) {
	root := plant(t, files{"docker.io/": ""})
	_, err := Install(settings(root))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(root, "docker.io", "late.crt"), nil, 0o600))
	_, err = Install(settings(root))
	must(t, err)
	if is := asked(t, root, "docker.io"); !strings.Contains(is[0], "late.crt") {
		t.Errorf("containerd asks %v, and knows nothing of late.crt", is)
	}
}

func TestAFileThatNamesTheMirrorItselfIsLeftAlone(t *testing.T) {
	root := plant(t, files{"_default/hosts.toml": "[host.\"" + mirror + "\"]\n"})
	changes, err := Install(settings(root))
	if err != nil || len(changes) > 0 {
		t.Errorf("got %v, %v", changes, err)
	}
	wantHealthy(t, settings(root))
}

func TestRelativePathsOfDefaultAreNotCopied(t *testing.T) {
	root := plant(t, files{"_default/hosts.toml": "[host.\"https://a.test\"]\nclient = [[\"a.pem\", \"/b.pem\"]]\n"})
	was := snapshot(t, root)
	_, err := Install(settings(root, "docker.io"))
	if err == nil || !strings.Contains(err.Error(), "relative paths") {
		t.Errorf("got %v", err)
	}
	if is := snapshot(t, root); is != was {
		t.Errorf("is:\n%s\nwas:\n%s", is, was)
	}
}

func TestAFileInPlaceOfTheFolderIsAnError(t *testing.T) {
	root := filepath.Join(t.TempDir(), "certs.d")
	must(t, os.WriteFile(root, []byte("hello"), 0o600))
	if _, err := Install(settings(root)); err == nil {
		t.Error("installed")
	}
	if text, _ := os.ReadFile(root); string(text) != "hello" {
		t.Errorf("the file is %q", text)
	}
}

func TestWhatACrashLeftIsSweptAway(t *testing.T) {
	root := plant(t, files{"docker.io/": ""})
	was := snapshot(t, root)
	must(t, os.MkdirAll(filepath.Join(root, stagePrefix+"1", "gone"), 0o755))
	must(t, os.MkdirAll(filepath.Join(root, "docker.io", stagePrefix+"2"), 0o755))
	_, err := Remove(root)
	must(t, err)
	if is := snapshot(t, root); is != was {
		t.Errorf("is:\n%s\nwas:\n%s", is, was)
	}
}

func TestAFileThatIsNotValidDoesNotTakeItsPlace(t *testing.T) {
	for _, what := range []files{{}, {"docker.io/": ""}, {"docker.io/hosts.toml": "# old"}} {
		root := plant(t, what)
		was := snapshot(t, root)
		f, err := openFolder(filepath.Join(root, "docker.io"))
		must(t, err)
		no := errors.New("no")
		if err := f.write("# new", func(string) error { return no }); !errors.Is(err, no) {
			t.Errorf("got %v", err)
		}
		if is := snapshot(t, root); is != was {
			t.Errorf("is:\n%s\nwas:\n%s", is, was)
		}
	}
}
