package faults

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
)

// The last thing that the clock of a skewed tracker does, as its log says it.
const skewed = "the wall clock is an hour behind"

// startSkewed starts a tracker whose wall clock is set an hour forward while it
// runs, and then two hours back.
func (s *site) startSkewed(t *testing.T, host *testbed.Host) *testbed.Process {
	t.Helper()
	p := host.Start("tracker", buildSkewed(t, s.Dir("skewed")),
		fmt.Sprintf("--listen=:%d", testbed.TrackerPort), fmt.Sprintf("--admin-listen=127.0.0.1:%d", testbed.AdminPort))
	p.WaitLog("tracker is listening", settled)
	return p
}

// buildSkewed builds the tracker as it is, but for one thing: wherever its own
// code asks package time for the time, it asks testdata/wall. The machine's clock
// is everybody's, and namespaces have none of their own.
func buildSkewed(t *testing.T, dir string) string {
	t.Helper()
	root := filepath.Dir(testbed.Cache())
	wall, err := filepath.Abs("testdata/wall/wall.go")
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{filepath.Join(root, "shared", "wall", "wall.go"): wall}
	for _, tree := range []string{"tracker", "shared"} {
		if err := skewAll(filepath.Join(root, tree), dir, replace); err != nil {
			t.Fatal(err)
		}
	}
	if len(replace) < 10 {
		t.Fatalf("only %d files ask for the time", len(replace))
	}
	overlay, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "tracker")
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(overlay, text, 0o644); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", overlay, "-o", program, "./tracker")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

var (
	clockOf = regexp.MustCompile(`\btime\.(Now|Since|Until)\b`)
	clause  = regexp.MustCompile(`(?m)^package \w+$`)
)

// skewAll writes changed copies of the files that ask for the time to dir, and
// notes which one stands for which.
func skewAll(tree, dir string, replace map[string]string) error {
	return filepath.WalkDir(tree, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil || !clockOf.Match(source) {
			return err
		}
		source = clockOf.ReplaceAll(source, []byte("wall.$1"))
		source = clause.ReplaceAll(source, []byte(`$0; import "github.com/drayproject/dray/shared/wall"`))
		source = append(source, "\nvar _ time.Duration\n"...)
		to := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		replace[path] = to
		return os.WriteFile(to, source, 0o644)
	})
}
