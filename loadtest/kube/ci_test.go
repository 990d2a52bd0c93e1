package kube

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fakeHelper and fakeMake write down what they are called for. The first fails,
// or takes long, for the verbs in $BROKEN and $SLOW; the second fails as often as
// $FAILURES says.
const (
	fakeHelper = `#!/bin/sh
echo "helper $1" >>"$CALLS"
case " $SLOW " in *" $1 "*) trap 'echo "helper $1 was stopped" >>"$CALLS"; exit 1' TERM; sleep 60 & wait;; esac
case " $BROKEN " in *" $1 "*) echo "no cgroups here" >&2; exit 1;; esac
if [ "$1" = up ]; then echo /fake/kubeconfig; fi
`
	fakeMake = `#!/bin/sh
if [ "$1" = checks ]; then
	echo "make checks" >>"$CALLS"
	until [ -z "$SLOW" ] || grep -q build "$CALLS"; do sleep 0.05; done
	exit "${CHECKS:-0}"
fi
echo "make $1 on $KUBECONFIG" >>"$CALLS"
[ "$(grep -c "make e2e-kube" "$CALLS")" -gt "${FAILURES:-0}" ] || exit 2
echo "the table" >"${2#REPORT=}"
`
)

// ci runs .ci/kube among fakes. calls is what it has called, out what it says.
func ci(t *testing.T, helper bool, env ...string) (calls, out string, err error) {
	t.Helper()
	dir := t.TempDir()
	script, err := os.ReadFile("../../.ci/kube")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"project/.ci/kube": string(script), "bin/make": fakeMake}
	if helper {
		files["shared/kube/kube"] = fakeHelper
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	record := filepath.Join(dir, "calls")
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "project/.ci/kube"), "make", "checks")
	cmd.Env = append([]string{"PATH=" + dir + "/bin:" + os.Getenv("PATH"), "CALLS=" + record}, env...)
	said, err := cmd.CombinedOutput()
	called, _ := os.ReadFile(record)
	return string(called), string(said), err
}

func TestCIGoesOnToTheClusterWhenAllElseHasPassed(t *testing.T) {
	if _, err := exec.LookPath("ionice"); err != nil {
		t.Skip("no Linux")
	}
	once := "helper up\nmake e2e-kube on /fake/kubeconfig\nhelper down\n"
	for name, c := range map[string]struct {
		helperless bool
		env        []string
		then       string // is called after the checks and the build
		says       string
		fails      bool
	}{
		"it passes":                              {then: once, says: "the table"},
		"there is no cluster":                    {helperless: true, says: "NOT TESTED"},
		"a kubeconfig alone":                     {helperless: true, env: []string{"KUBECONFIG=/mine"}, says: "NOT TESTED"},
		"a cluster is given":                     {helperless: true, env: []string{"KUBECONFIG=/mine", "E2E_KUBE=sh"}, then: "make e2e-kube on /mine\n", says: "the table"},
		"a kubeconfig is not for the helper":     {env: []string{"KUBECONFIG=/mine"}, then: once, says: "the table"},
		"it can't be built":                      {env: []string{"BROKEN=build"}, says: "no cgroups here"},
		"it can't be started":                    {env: []string{"BROKEN=up"}, then: "helper up\nhelper down\n", says: "no cgroups here"},
		"it fails once, and passes on a new one": {env: []string{"FAILURES=1"}, then: once + once, says: "the table"},
		"it fails twice":                         {env: []string{"FAILURES=2"}, then: once + once, says: "FAILED", fails: true},
		"a check fails":                          {env: []string{"CHECKS=1", "SLOW=build"}, then: "helper build was stopped\n", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls, out, err := ci(t, !c.helperless, c.env...)
			then := strings.NewReplacer("helper build\n", "", "make checks\n", "").Replace(calls)
			if then != c.then || !strings.Contains(calls, "make checks") {
				t.Errorf("it has called\n%s", calls)
			}
			if !strings.Contains(out, c.says) || (err != nil) != c.fails {
				t.Errorf("%v; it says\n%s", err, out)
			}
		})
	}
}
