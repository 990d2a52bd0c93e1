package hosts

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := Command()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestTheCommandsSayWhatTheyDo(t *testing.T) {
	root := filepath.Join(t.TempDir(), "certs.d")
	t.Setenv("DRAY_REGISTRIES", "docker.io,ghcr.io")
	t.Setenv("DRAY_PATH", root)
	docker, ghcr := filepath.Join(root, "docker.io", fileName), filepath.Join(root, "ghcr.io", fileName)
	for _, step := range []struct {
		args, want string
		fails      bool
	}{
		{"check", docker + ": it is missing, and containerd does not ask http://127.0.0.1:6001: run seeder hosts install\n" + ghcr + ": it is missing", true},
		{"install", docker + ": containerd asks http://127.0.0.1:6001 first\n" + ghcr + ": containerd asks", false},
		{"install", "nothing to do\n", false},
		{"check", docker + ": ok\n" + ghcr + ": ok\n", false},
		{"remove", docker + ": deleted\n" + ghcr + ": deleted\n", false},
		{"remove", "nothing to do\n", false},
	} {
		args := []string{step.args}
		if step.args != "remove" {
			args = append(args, "--mirror=http://127.0.0.1:6001")
		}
		out, err := run(t, args...)
		if !strings.HasPrefix(out, step.want) || (err != nil) != step.fails {
			t.Errorf("%s says %q (%v), want %q", step.args, out, err, step.want)
		}
	}
}

// One broken file of somebody else's must not keep a node from all others.
func TestBestEffortInstallsWhatItCan(t *testing.T) {
	root := filepath.Join(t.TempDir(), "certs.d")
	for registry, text := range map[string]string{"broken.example": "[host", "docker.io": "server = \"https://registry-1.docker.io\"\n"} {
		if err := os.MkdirAll(filepath.Join(root, registry), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, registry, fileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := run(t, "install", "--path="+root); err == nil || !strings.Contains(err.Error(), "broken.example") {
		t.Errorf("without it: %v", err)
	}
	if out, err := run(t, "install", "--path="+root, "--best-effort"); err != nil {
		t.Errorf("%v; it says %q", err, out)
	}
	for _, registry := range []string{Default, "docker.io"} {
		if err := checkFirst(filepath.Join(root, registry), DefaultConfig().Mirror); err != nil {
			t.Errorf("%s: %v", registry, err)
		}
	}
	if text, _ := os.ReadFile(filepath.Join(root, "broken.example", fileName)); string(text) != "[host" {
		t.Errorf("the broken one is now %q", text)
	}
	if _, err := run(t, "install", "--path="+root, "--best-effort", "--mirror=nonsense"); err == nil {
		t.Error("a wrong setting is no error")
	}
}

func TestBestEffortWhereNothingCanBeWritten(t *testing.T) {
	root := filepath.Join(t.TempDir(), "certs.d")
	if err := os.WriteFile(root, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, "install", "--path="+root, "--best-effort"); err != nil {
		t.Error(err)
	}
}
