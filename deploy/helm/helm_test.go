package helm

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
)

const chart = "dray"

var update = flag.Bool("update", false, "accept what the chart renders, and the settings that the programs have")

// helm runs the program. What it prints to its standard error is the error.
func helm(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	program := testbed.Tool("helm")
	if _, err := exec.LookPath(program); err != nil {
		give := t.Skipf
		if os.Getenv("DRAY_TEST_REQUIRE") == "1" {
			give = t.Fatalf
		}
		give("THE CHART IS NOT TESTED: need helm; run loadtest/testbed/tools.sh test")
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = append(os.Environ(), "HELM_CONFIG_HOME="+t.TempDir(), "HELM_CACHE_HOME="+t.TempDir(), "HELM_DATA_HOME="+t.TempDir())
	if err := cmd.Run(); err != nil {
		return stdout.Bytes(), errors.New(strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// render is what `helm install` would send for a release named dray.
func render(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	return helm(t, append([]string{"template", "dray", chart, "--namespace", "dray-system", "--kube-version", "1.37.2"}, args...)...)
}

// valueSets are the files of testdata/values by name, rendered.
func valueSets(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/values/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no value sets: %v", err)
	}
	sets := map[string][]byte{}
	for _, file := range files {
		out, err := render(t, "--values", file)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		sets[filepath.Base(file)] = out
	}
	return sets
}

func TestLintFindsNothing(t *testing.T) {
	if out, err := helm(t, "lint", "--strict", chart); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheChartRendersWhatWasAccepted(t *testing.T) {
	for name, got := range valueSets(t) {
		golden := filepath.Join("testdata/golden", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %s\nIf that is what you want: go test ./deploy/helm -update", golden, firstDifference(got, want))
		}
	}
}

func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "line " + w[i] + "\nis now " + g[i]
		}
	}
	return "the length has changed"
}
