package systemd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The programs are not installed where tests run, and systemd wants to see
// some: any will do.
func TestSystemdAcceptsTheUnits(t *testing.T) {
	testbed.Require(t, "systemd-analyze")
	for _, name := range []string{"dray-seeder.service", "dray-tracker.service"} {
		text := regexp.MustCompile(`/usr/local/bin/\w+`).ReplaceAllString(read(t, name), "/bin/true")
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), testbed.Tool("systemd-analyze"), "verify", "--man=no", path).CombinedOutput()
		if err != nil || bytes.Contains(out, []byte(name)) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// Every setting in an example, commented out or not, is a flag of the program,
// or of the command that runs before it.
func TestExamplesNameOnlySettingsThatExist(t *testing.T) {
	testbed.Require(t)
	setting := regexp.MustCompile(`(?m)^#?DRAY_([A-Z_]+)=`)
	for name, commands := range map[string][][]string{
		"seeder.env":  {{"../../seeder", "--help"}, {"../../seeder", "hosts", "install", "--help"}},
		"tracker.env": {{"../../tracker", "--help"}},
	} {
		var help string
		for _, args := range commands {
			out, err := exec.CommandContext(t.Context(), "go", append([]string{"run"}, args...)...).CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
			help += string(out)
		}
		all := setting.FindAllStringSubmatch(read(t, name), -1)
		if len(all) == 0 {
			t.Errorf("%s sets nothing", name)
		}
		for _, m := range all {
			flag := "--" + strings.ReplaceAll(strings.ToLower(m[1]), "_", "-") + " "
			if !strings.Contains(help, flag) {
				t.Errorf("%s: DRAY_%s is no setting: %s", name, m[1], flag)
			}
		}
	}
}
