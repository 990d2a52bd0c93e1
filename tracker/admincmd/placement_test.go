package admincmd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const policies = `
policies:
  - name: base
    images: ["registry.example/**"]
    factor: 2
    select: {zones: [zone-of-n1, zone-of-n2]}
`

// does runs a command that must succeed, and looks for words in what it says.
func does(t *testing.T, command, words string) {
	t.Helper()
	out, err := run(t, strings.Fields(command)...)
	if err != nil {
		t.Errorf("%s: %v", command, err)
	}
	for word := range strings.SplitSeq(words, "|") {
		if !strings.Contains(out, word) {
			t.Errorf("%s: there is no %q in\n%s", command, word, out)
		}
	}
}

func exits(t *testing.T, command string, code int) {
	t.Helper()
	_, err := run(t, strings.Fields(command)...)
	if f, ok := errors.AsType[Failure](err); !ok || f.Code != code {
		t.Errorf("%s: %v; want exit code %d", command, err, code)
	}
}

func TestPoliciesAreSteered(t *testing.T) {
	newBed(t)
	file := filepath.Join(t.TempDir(), "policies.yaml")
	if err := os.WriteFile(file, []byte(policies), 0o600); err != nil {
		t.Fatal(err)
	}
	does(t, "policy dry-run -f "+file, "base: 1 images")
	does(t, "policy put -f "+file, "base|API|registry.example/**")
	does(t, "policy list", "base|POLICY")
	does(t, "policy show base -o json", `"factor": 2`)
	does(t, "policy explain base registry.example/app:1", "n1|n2|SCORE")
	does(t, "capacity", "zone-of-n1|n2|USABLE")
	does(t, "placement", "acts|common memory")
	does(t, "policy delete base", "base is gone")
	does(t, "policy list -o json", `"items": []`)
}

func TestWhatIsWrongWithAPolicyIsSaid(t *testing.T) {
	newBed(t)
	for wrong, word := range map[string]string{
		"factor: 0": "factor", "strategies: {luck: 1}": "luck", `images: ["[a"]`: "images", "colour: red": "colour",
	} {
		file := filepath.Join(t.TempDir(), "policies.yaml")
		text := "policies:\n  - name: base\n    used_by: 1\n    " + wrong + "\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := run(t, "policy", "put", "-f", file)
		if f, ok := errors.AsType[Failure](err); !ok || f.Code != Usage || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v %s", wrong, err, out)
		}
	}
	exits(t, "policy put", Usage)
	exits(t, "policy show nothing", Unknown)
	if _, err := run(t, "policy", "delete", "nothing"); err == nil {
		t.Error("an unknown policy was deleted")
	}
}

func TestJobsAreSteered(t *testing.T) {
	newBed(t)
	does(t, "prewarm registry.example/app:1 --id first --zone zone-of-n1 --select a=b --except spot --parallel 2 --retries 1 --deadline 1m --detach", "first")
	does(t, "job list", "first|new|registry.example/app:1")
	does(t, "job show first -o json", `"parallel": 2|"spot": ""|"deadline": "1m0s"`)
	does(t, "job nodes first", "NODE")
	does(t, "job cancel first", "first|cancelled")
	does(t, "job delete first", "first is gone")
	exits(t, "job show first", Unknown)
	exits(t, "prewarm registry.example/app:1 --select nothing", Usage)
}

func TestADrainThatSavesIsAsked(t *testing.T) {
	newBed(t)
	does(t, "drain n1 --save --deadline 5m", "n1|ready|saving")
	does(t, "drains", "n1|saving")
	does(t, "undrain n1", "n1|ready")
	exits(t, "drain n1 --wait", Usage)
	exits(t, "drain n1 --deadline 5m", Usage)
	does(t, "drain n1", "draining")
}
