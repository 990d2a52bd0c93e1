package chain

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// nice leaves a third of a core where somebody else wants all of it (sched(7)). With
// less, chains would come too late on a busy node.
const nice = 5

// patiently runs f with less claim to a core than those who serve. The thread is not
// used for anything else afterwards, since a process may not be allowed to undo that.
func patiently(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), nice)
		f()
	}()
	<-done
}
