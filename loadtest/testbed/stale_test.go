package testbed_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

func TestLeftoversOfDeadRunsAreRemoved(t *testing.T) {
	testbed.Require(t)
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	dead, living := leave(t, gone.Process.Pid), leave(t, os.Getppid())
	testbed.New(t)
	for _, path := range dead {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s of a dead run is still there", path)
		}
	}
	for _, path := range living {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("what a living run uses is gone: %v", err)
		}
	}
}

// leave makes what a run with this process id would leave if it were killed.
func leave(t *testing.T, pid int) []string {
	name := fmt.Sprintf("dray%d-1-left", pid)
	if out, err := exec.Command(testbed.Tool("ip"), "netns", "add", name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command(testbed.Tool("ip"), "netns", "del", name).Run() })
	dir := filepath.Join(os.TempDir(), name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return []string{filepath.Join("/run/netns", name), dir}
}

// A test binary that is killed takes its processes along, whatever they do.
func TestProcessesDieWithTheProgram(t *testing.T) {
	testbed.Require(t)
	if os.Getenv("DRAY_TEST_VICTIM") == "1" {
		p := testbed.New(t).Host("h").Start("stubborn", "/bin/sh", "-c", "trap '' TERM INT HUP; while :; do sleep 0.2; done")
		fmt.Printf("pid %d\n", p.PID())
		<-t.Context().Done()
	}
	victim := exec.Command(os.Args[0], "-test.run=^TestProcessesDieWithTheProgram$")
	victim.Env = append(os.Environ(), "DRAY_TEST_VICTIM=1")
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscanf(out, "pid %d\n", &pid); err != nil {
		t.Fatalf("the victim says no pid: %v", err)
	}
	_ = victim.Process.Kill()
	_ = victim.Wait()
	testbed.New(t).Eventually(10*time.Second, "its process ends", func() bool {
		_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
		return errors.Is(err, fs.ErrNotExist)
	})
}
