package hosts

import (
	"bytes"
	"io"
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
