package testbed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

const netnsDir = "/run/netns" // where ip(8) keeps names of namespaces

// inside runs f on a thread that is in the network namespace. Sockets that f
// makes stay there for good; goroutines that it starts are elsewhere.
func inside(namespace string, f func() error) error {
	result := make(chan error, 1)
	go func() {
		// Never unlocked: the thread ends with this goroutine, so no
		// other one can be left in the wrong namespace.
		runtime.LockOSThread()
		if err := enter(filepath.Join(netnsDir, namespace)); err != nil {
			result <- err
			return
		}
		result <- f()
	}()
	return <-result
}

func enter(path string) error {
	ns, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("enter namespace: %w", err)
	}
	defer func() { _ = ns.Close() }()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter namespace %s: %w", path, err)
	}
	return nil
}

// spawner starts commands, all from one thread that lives as long as this
// program: the kernel kills a child with Pdeathsig when the *thread* that
// started it ends.
type spawner chan func(home string)

var spawn = sync.OnceValue(func() spawner {
	s := make(spawner)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			panic(err)
		}
		for f := range s {
			f(fmt.Sprintf("/proc/self/fd/%d", home.Fd()))
		}
	}()
	return s
})

// start starts cmd in the namespace. It dies with this program, and what it
// mounts is seen by nobody else and goes with it.
func (s spawner) start(namespace string, cmd *exec.Cmd) error {
	cmd.SysProcAttr = &unix.SysProcAttr{
		Setpgid: true, Pdeathsig: unix.SIGKILL, Unshareflags: unix.CLONE_NEWNS,
	}
	result := make(chan error, 1)
	s <- func(home string) {
		err := enter(filepath.Join(netnsDir, namespace))
		if err == nil {
			err = cmd.Start()
		}
		if back := enter(home); back != nil {
			panic(back) // the next command would start in the wrong place
		}
		result <- err
	}
	return <-result
}
