package fleet

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// alone runs something that is to have this process for itself, without garbage
// collections, and before all that this machine does besides: the trackers and this
// process get real-time priority, this one more than they, whose collections would hold
// it up where they share CPUs. It tells whether the kernel has granted that.
func (r *run) alone(do func() error) (first bool, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)) // for all else here
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	trackers := make([]int, len(r.trackers))
	for i, t := range r.trackers {
		trackers[i] = t.proc.Load().pid()
	}
	self := []int{os.Getpid()}
	defer func() { _ = eachOf(append(self, trackers...), asOthers) }() // where it was granted
	first = errors.Join(eachOf(trackers, beforeOthers(1)), eachOf(self, beforeOthers(2))) == nil
	return first, do()
}

func eachOf(pids []int, do func(tid int) error) (err error) {
	for _, pid := range pids {
		err = errors.Join(err, everyThread(pid, do))
	}
	return err
}

// beforeOthers gives a thread one of the real-time priorities, which are before all that
// have none. The kernel sees to it that these get a twentieth of the time.
func beforeOthers(priority uint32) func(tid int) error {
	return func(tid int) error {
		return unix.SchedSetAttr(tid, &unix.SchedAttr{Policy: unix.SCHED_FIFO, Priority: priority}, 0)
	}
}

func asOthers(tid int) error {
	return unix.SchedSetAttr(tid, &unix.SchedAttr{Policy: unix.SCHED_NORMAL}, 0)
}
